/** What matters in the template: what wakes up what, what is tried again, who may do what, and what is kept. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES, type Route, WORKERS } from '#functions/api-routes.ts';
import { ofType, type Resource, referencesIn, resourcesIn, synthesized } from './assembly.ts';

/** Kilobytes of a function's bundle: room for a tenth more than it has, so that a new dependency is noticed. */
const MAX_BUNDLE_KB = 1_400;

/** There where populations are pinned, and nowhere else. */
const OF_PINNED = 'pin-index.ts';

const FUNCTIONS = readdirSync('functions').filter(
  (file) => file !== OF_PINNED && readFileSync(join('functions', file), 'utf8').includes('export const handler'),
);

let folder = '';
let resources: Readonly<Record<string, Resource>> = {};

beforeAll(async () => {
  folder = await synthesized();
  resources = resourcesIn(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const all = (type: string) => ofType(resources, type);

function idOf(type: string, name: string): string {
  const found = all(type).find(({ id }) => id.startsWith(name.replaceAll('-', '')));
  if (!found) throw new Error(`expected a ${type} called ${name}, found none`);
  return found.id;
}

/** The statements of a function's role, as text that a reader can check. */
function permissionsOf(name: string): string[] {
  const role = idOf('AWS::IAM::Role', `${name}-role`);
  return all('AWS::IAM::Policy')
    .filter(({ properties }) => referencesIn(properties.Roles).includes(role))
    .flatMap(({ properties }) => {
      const { Statement } = JSON.parse(JSON.stringify(properties.PolicyDocument));
      return [Statement].flat();
    })
    .flatMap(({ Action, Resource: target, Condition }) => {
      const on = JSON.stringify(target).replaceAll(/[0-9A-F]{8}"/g, '"');
      const only = Condition ? ` where ${JSON.stringify(Condition)}` : '';
      return [Action].flat().map((action: string) => `${action} ${on}${only}`);
    });
}

describe('the stack', () => {
  it('is one template, without findings of cdk-nag', () => {
    const report = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8'));

    expect(readdirSync(folder).filter((file) => file.endsWith('.template.json'))).toEqual(['akin.template.json']);
    expect(report.pluginReports).toEqual([]); // a finding without a reason would have failed the synthesis as well
  });

  it('has a Lambda for each file of functions/ that has a handler, but for pinned populations, on Node 24, in a bundle that stays small', () => {
    const lambdas = all('AWS::Lambda::Function');

    expect(lambdas.map(({ id }) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual(
      FUNCTIONS.map((file) => file.replace('.ts', '').replaceAll('-', '')).sort(),
    );
    expect(FUNCTIONS.length).toBeGreaterThan(10);
    for (const { properties } of lambdas) {
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
      });
    }
    const bundles = readdirSync(folder).filter((name) => name.startsWith('asset.'));
    const sizes = bundles.flatMap((name) => {
      const bundle = statSync(join(folder, name, 'index.mjs'), { throwIfNoEntry: false });
      return bundle ? [bundle.size / 1_000] : [];
    });
    expect(sizes).toHaveLength(FUNCTIONS.length);
    expect(Math.max(...sizes)).toBeLessThan(MAX_BUNDLE_KB);
  });

  it('gives the native layer to those functions alone that search or build graphs', () => {
    const withLayer = all('AWS::Lambda::Function').filter(({ properties }) => properties.Layers !== undefined);

    expect(withLayer.map(({ id }) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual(['expanddrop', 'indexshard']);
  });

  it('keeps what is precious and encrypts what is kept', () => {
    const [bucket] = all('AWS::S3::Bucket');
    const [catalog, bands] = ['storescatalog', 'storesbands'].map(
      (name) => resources[idOf('AWS::DynamoDB::GlobalTable', name)],
    );

    expect(bucket.properties).toMatchObject({
      BucketEncryption: expect.anything(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      LifecycleConfiguration: {
        Rules: [
          { Prefix: 'parts/', ExpirationInDays: 7, Status: 'Enabled' },
          { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
        ],
      },
    });
    expect(JSON.stringify(all('AWS::S3::BucketPolicy'))).toContain('"aws:SecureTransport":"false"');
    expect(resources[bucket.id].DeletionPolicy).toBe('Retain');
    expect(catalog).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
      },
    });
    expect(bands).toMatchObject({ DeletionPolicy: 'Delete', Properties: { BillingMode: 'PAY_PER_REQUEST' } });
  });

  it('keeps logs for two weeks', () => {
    expect(all('AWS::Logs::LogGroup')).toHaveLength(FUNCTIONS.length + 2);
    for (const { properties } of all('AWS::Logs::LogGroup')) expect(properties.RetentionInDays).toBe(14);
  });
});

describe('events', () => {
  const QUEUED: readonly (readonly [string, string, string])[] = [
    ['quiet-uploads', 'notice-upload', '"key":[{"prefix":"populations/"}]'],
    ['seeds', 'expand-drop', '"key":[{"prefix":"seeds/"}]'],
  ];
  /** Queues that functions fill. */
  const SENT: readonly (readonly [string, string, string])[] = [
    ['audience-refreshes', 'refresh-audience', 'live-audience'],
  ];
  const STRAIGHT: readonly (readonly [string, string, string])[] = [
    ['closed-uploads', 'notice-upload', '"key":[{"wildcard":"populations/*/_SUCCESS"}]'],
    ['ended-uploads', 'finish-upload', '"status":["FAILED","TIMED_OUT","ABORTED"]'],
    ['ended-expansions', 'finish-expansion', '"status":["FAILED","TIMED_OUT","ABORTED"]'],
  ];

  it.each(QUEUED)('of %s go through a queue to %s', (name, handler, pattern) => {
    const rule = resources[idOf('AWS::Events::Rule', `${name}-rule`)];
    const queue = idOf('AWS::SQS::Queue', `${name}-queue`);
    const source = resources[idOf('AWS::Lambda::EventSourceMapping', `${name}-source`)];

    expect(JSON.stringify(rule.Properties.EventPattern)).toContain(pattern);
    expect(referencesIn(rule.Properties.Targets)).toContain(queue);
    expect(referencesIn(source.Properties)).toEqual([queue, idOf('AWS::Lambda::Function', handler)]);
    expect(source.Properties).toMatchObject({ BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });

  it.each(SENT)('of %s are sent to %s by %s alone, through a queue', (name, handler, sender) => {
    const queue = idOf('AWS::SQS::Queue', `${name}-queue`);
    const source = resources[idOf('AWS::Lambda::EventSourceMapping', `${name}-source`)];
    const senders = FUNCTIONS.map((file) => file.replace('.ts', '')).filter((file) =>
      permissionsOf(file).some(
        (each) => each.startsWith('sqs:SendMessage') && each.includes(queue.replace(/[0-9A-F]{8}$/, '')),
      ),
    );

    expect(referencesIn(source.Properties)).toEqual([queue, idOf('AWS::Lambda::Function', handler)]);
    expect(senders).toEqual([sender]);
    expect(all('AWS::Events::Rule').filter(({ properties }) => referencesIn(properties).includes(queue))).toEqual([]);
    expect(referencesIn(resources[idOf('AWS::Lambda::Function', sender)].Properties.Environment)).toContain(queue);
  });

  it.each(STRAIGHT)('of %s go straight to %s, which nobody asks for messages meanwhile', (name, handler, pattern) => {
    const rule = resources[idOf('AWS::Events::Rule', `${name}-rule`)];
    const target = idOf('AWS::Lambda::Function', handler);
    const deadLetters = idOf('AWS::SQS::Queue', 'dead-letters');
    const retries = all('AWS::Lambda::EventInvokeConfig').find(
      ({ properties }) => referencesIn(properties.FunctionName)[0] === target,
    );

    expect(JSON.stringify(rule.Properties.EventPattern)).toContain(pattern);
    expect(referencesIn(rule.Properties.Targets)).toContain(target);
    expect(retries?.properties.MaximumRetryAttempts).toBe(2);
    expect(referencesIn(retries?.properties.DestinationConfig)).toEqual([deadLetters]);
  });

  it('are waited with where quiet closes a batch', () => {
    const queues = all('AWS::SQS::Queue').filter(({ properties }) => Number(properties.DelaySeconds) > 0);

    expect(queues.map(({ id, properties }) => [id, properties.DelaySeconds])).toEqual([
      [idOf('AWS::SQS::Queue', 'quiet-uploads-queue'), 120],
    ]);
  });

  it('that cannot be handled go to the dead letters after three tries and one for who died, and every queue has an alarm', () => {
    const deadLetters = idOf('AWS::SQS::Queue', 'dead-letters');
    const queues = all('AWS::SQS::Queue').filter(({ id }) => id !== deadLetters);
    const watched = all('AWS::CloudWatch::Alarm').flatMap(({ properties }) => referencesIn(properties.Dimensions));

    expect(queues).toHaveLength(QUEUED.length + SENT.length);
    for (const { properties } of queues) {
      expect(properties.RedrivePolicy).toMatchObject({ maxReceiveCount: 4 });
      expect(referencesIn(properties.RedrivePolicy)).toEqual([deadLetters]);
    }
    expect(watched.sort()).toEqual([deadLetters, ...queues.map(({ id }) => id)].sort());
    for (const { properties } of all('AWS::Events::Rule'))
      expect(referencesIn(properties.Targets)).toContain(deadLetters);
  });

  it('stay out of sight a minute longer than their function may take', () => {
    for (const { properties } of all('AWS::Lambda::EventSourceMapping')) {
      const [queue, handler] = referencesIn(properties);
      const timeout = Number(resources[handler].Properties.Timeout);
      expect(resources[queue].Properties.VisibilityTimeout).toBe(timeout + 60);
    }
  });
});

describe('state machines', () => {
  /** The definition with the names of functions in place of their ARNs. */
  function definitionOf(name: string) {
    const { DefinitionString } = resources[idOf('AWS::StepFunctions::StateMachine', name)].Properties;
    const parts = JSON.parse(JSON.stringify(DefinitionString))['Fn::Join'][1];
    const text = parts.map((part: unknown) =>
      typeof part === 'string' ? part : referencesIn(JSON.parse(JSON.stringify(part)))[0],
    );
    return JSON.parse(text.join(''));
  }

  interface State {
    readonly Type: string;
    readonly Next?: string;
    readonly Default?: string;
    readonly Retry?: unknown;
    readonly Catch?: unknown;
    readonly Branches?: readonly Machine[];
    readonly ItemProcessor?: Machine & { readonly ProcessorConfig: unknown };
    readonly ItemReader?: unknown;
  }

  interface Machine {
    readonly StartAt: string;
    readonly States: Readonly<Record<string, State>>;
  }

  function pathOf({ StartAt, States }: Machine): string[] {
    const path: string[] = [];
    for (let at: string | undefined = StartAt; at !== undefined; at = States[at].Next ?? States[at].Default)
      path.push(at);
    return path;
  }

  /** The states of a machine, and those within them. */
  function statesOf({ States }: Machine): State[] {
    return Object.values(States).flatMap((state) => [
      state,
      ...(state.Branches ?? []).flatMap(statesOf),
      ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
    ]);
  }

  function stepsOf(name: string): Machine {
    const { StartAt, States }: Machine = definitionOf(name);
    const [steps] = States[StartAt].Branches ?? [];
    return steps;
  }

  it('walk through an upload and through an expansion in this order', () => {
    expect(pathOf(stepsOf('upload'))).toEqual([
      'Plan',
      'Are there files too long for one function?',
      'Read all',
      'Merge all',
      'Fit',
      'Is the scorer to be trained?',
      'Index all',
      'Publish',
    ]);
    expect(pathOf(stepsOf('expansion'))).toEqual(['Prepare', 'Gather all', 'Fit seeds', 'Score all', 'Merge rankings']);
  });

  it('tell themselves how they ended, because events of it are sent at best effort', () => {
    const [upload, expansion]: readonly Machine[] = ['upload', 'expansion'].map(definitionOf);

    expect(pathOf(upload)).toEqual(['Upload', 'Tell success']);
    expect(upload.States.Upload.Catch).toEqual([
      { ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Tell failure' },
    ]);
    expect(expansion.States.Expansion.Catch).toEqual([
      { ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Tell that it failed' },
    ]);
  });

  it.each(['upload', 'expansion'])(
    'try again, with jitter, what may pass, and never what a caller can act on: %s',
    (name) => {
      const tasks = statesOf(definitionOf(name)).filter(({ Type }) => Type === 'Task');

      expect(tasks.length).toBeGreaterThan(4);
      for (const { Retry } of tasks) {
        expect(Retry).toEqual([
          { ErrorEquals: ['Invalid', 'NotFound', 'Conflict', 'ZodError'], MaxAttempts: 0 },
          {
            ErrorEquals: [
              'Lambda.TooManyRequestsException',
              'Lambda.ServiceException',
              'Lambda.AWSLambdaException',
              'Lambda.SdkClientException',
            ],
            IntervalSeconds: 5,
            MaxAttempts: 60,
            MaxDelaySeconds: 60,
            BackoffRate: 2,
            JitterStrategy: 'FULL',
          },
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 3, BackoffRate: 3, JitterStrategy: 'FULL' },
        ]);
      }
    },
  );

  it('read lists of objects from the bucket, and pass on names alone', () => {
    const maps = ['upload', 'expansion']
      .flatMap((name) => statesOf(definitionOf(name)))
      .filter(({ Type }) => Type === 'Map');

    expect(maps).toHaveLength(6);
    for (const { ItemReader, ItemProcessor } of maps) {
      expect(ItemReader).toMatchObject({ Parameters: { 'Key.$': expect.stringMatching(/^\$\.\w+$/) } });
      expect(ItemProcessor?.ProcessorConfig).toMatchObject({ Mode: 'DISTRIBUTED' });
    }
  });
});

describe('the API', () => {
  it('has one method for each route, signed by IAM, and no other', () => {
    const methods = all('AWS::ApiGateway::Method');

    expect(methods).toHaveLength(Object.keys(ROUTES).length);
    for (const { properties } of methods) {
      expect(properties).toMatchObject({ AuthorizationType: 'AWS_IAM', Integration: { Type: 'AWS_PROXY' } });
    }
    expect(all('AWS::ApiGateway::RestApi').map(({ properties }) => properties.EndpointConfiguration)).toEqual([
      { Types: ['REGIONAL'] },
    ]);
  });

  it.each(WORKERS)('ranks and scores in functions with the memory of a worker alone: %s', (name) => {
    const id = idOf('AWS::Lambda::Function', name);
    const methods = all('AWS::ApiGateway::Method').filter(({ properties }) =>
      referencesIn(properties.Integration).includes(id),
    );

    expect(methods).toHaveLength(Object.values<Route>(ROUTES).filter(({ worker }) => worker === name).length);
    expect(resources[id].Properties).toMatchObject({ MemorySize: 3_008, Timeout: 29 });
  });

  it('tells who calls too often to come again', () => {
    const throttled = all('AWS::ApiGateway::GatewayResponse').find(
      ({ properties }) => properties.ResponseType === 'THROTTLED',
    );
    expect(throttled?.properties).toMatchObject({
      StatusCode: '429',
      ResponseParameters: { 'gatewayresponse.header.Retry-After': "'1'" },
    });
    expect(all('AWS::ApiGateway::Stage')[0].properties.MethodSettings).toMatchObject([
      { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    ]);
  });
});

describe('roles', () => {
  it('name actions and folders one by one', () => {
    const granted = FUNCTIONS.flatMap((file) => permissionsOf(file.replace('.ts', '')));

    expect(granted.length).toBeGreaterThan(50);
    expect(granted.filter((permission) => permission.split(' ')[0].includes('*'))).toEqual([]);
    const anywhere = granted.filter((permission) => permission.split(' ')[1] === '"*"');
    expect(new Set(anywhere)).toEqual(new Set(['xray:PutTraceSegments "*"', 'xray:PutTelemetryRecords "*"']));
    expect(all('AWS::IAM::Role').flatMap(({ properties }) => properties.ManagedPolicyArns ?? [])).toEqual([]);
  });

  it('let nobody remove anything but what sweeps up old generations or seeds that are one object now, who trains what he had put down, and the API what its callers forget', () => {
    const removing = FUNCTIONS.filter((file) =>
      permissionsOf(file.replace('.ts', '')).some((each) => each.startsWith('s3:Delete')),
    );

    expect(removing).toEqual(['api.ts', 'publish-upload.ts', 'refresh-audience.ts', 'train-upload.ts']);
    expect(permissionsOf('train-upload').filter((each) => each.startsWith('s3:DeleteObject'))).toEqual([
      expect.stringContaining('"/parts/*"'),
    ]);
    expect(permissionsOf('refresh-audience').filter((each) => each.startsWith('s3:Delete'))).toEqual([
      expect.stringContaining('"/live/*"'),
    ]);
    expect(permissionsOf('publish-upload').filter((each) => each.startsWith('s3:Delete'))).toEqual([
      expect.stringContaining('"/index/*"'),
    ]);
    expect(permissionsOf('api').filter((each) => /^s3:Delete.*"\/populations/.test(each))).toEqual([]);
  });

  it('let nobody but the API write seeds, and others beside people nothing but the status', () => {
    const writes = FUNCTIONS.filter((file) => file !== 'api.ts')
      .flatMap((file) => permissionsOf(file.replace('.ts', '')))
      .filter((each) => each.startsWith('s3:Put'));

    expect(writes.filter((each) => each.includes('/seeds/'))).toEqual([]);
    for (const each of writes.filter((write) => write.includes('/populations/'))) {
      expect(each).toContain('"/populations/*/_STATUS.json"');
    }
  });
});

const hasCfnLint = spawnable('cfn-lint');

it.skipIf(!hasCfnLint)(
  'pleases cfn-lint (skipped where it is not on the machine)',
  () => {
    execFileSync('cfn-lint', ['--non-zero-exit-code', 'error', join(folder, 'akin.template.json')]);
  },
  60_000,
);

function spawnable(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
