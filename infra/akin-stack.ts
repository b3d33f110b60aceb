/** The whole system on one page: what is dropped where, what that wakes up, and who may do what. */
import { ArnFormat, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { EventBus, type EventPattern, type IEventBus } from 'aws-cdk-lib/aws-events';
import { Grant } from 'aws-cdk-lib/aws-iam';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { type Chain, Choice, Condition, Fail, type IChainable } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { Settings } from '#application/settings.ts';
import { MOST_CALL_SECONDS } from '#functions/problem.ts';
import { EventRoute } from './constructs/event-route.ts';
import { HandlerFunction } from './constructs/handler-function.ts';
import { NativeLayer } from './constructs/native-layer.ts';
import { PartnerApi } from './constructs/partner-api.ts';
import { PinnedExpansion } from './constructs/pinned-expansion.ts';
import { forEach, guarded, stepMachine, task } from './constructs/step-machine.ts';
import { FOLDERS, Stores } from './constructs/stores.ts';
import { alarmAbove, MAX_TRIES, WorkQueue, type WorkQueueProps } from './constructs/work-queue.ts';
import type { StackSettings } from './stack-settings.ts';

export interface AkinStackProps extends StackProps {
  readonly settings: Settings;
  /** Settings of akin that differ from their defaults, as its variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stack: StackSettings;
}

/** Lambda's longest: what takes longer is cut into more functions, not given more time. */
const LONG_SECONDS = 900;
/** For functions that read a list and pass a name on. */
const SHORT_SECONDS = 60;

/** How CloudFormation says that a deployment is over, well or not. */
const DEPLOYED = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'];

export class AkinStack extends Stack {
  readonly #props: AkinStackProps;
  readonly #stores: Stores;
  readonly #deadLetters: Queue;
  readonly #layer: NativeLayer;
  readonly #bus: IEventBus;

  constructor(scope: Construct, id: string, props: AkinStackProps) {
    super(scope, id, props);
    this.#props = props;
    this.#stores = new Stores(this, 'stores', props.stack);
    this.#layer = new NativeLayer(this, 'native', props.stack.architecture);
    this.#deadLetters = new Queue(this, 'dead-letters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const waiting = this.#deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'max' });
    alarmAbove(this, 'dead-letters-alarm', waiting, 0, this.#alarmAction());
    this.#bus = EventBus.fromEventBusName(this, 'announcements', 'default');
    this.#uploadMachine();
    this.#receiveUploads();
    this.#expansionMachine();
    this.#receiveSeeds();
    const api = this.#partnerApi();
    new CfnOutput(this, 'Api', { value: api.stage.urlForPath('/') });
    new CfnOutput(this, 'Bucket', { value: this.#stores.bucket.bucketName });
    new CfnOutput(this, 'DeadLetters', { value: this.#deadLetters.queueUrl });
  }

  /** Upload: plan → (cut long files) → read → merge → fit → (train) → index → publish. */
  #uploadMachine(): void {
    const stores = this.#stores;
    const end = this.#door('end-upload');
    this.#grantFinishUpload(end);
    const plan = this.#worker('plan-upload');
    stores.grantList(plan, 'populations', 'parts');
    stores.grantRead(plan, 'populations', 'parts', 'index');
    stores.grantReadCatalog(plan);
    stores.grantTellStatus(plan);
    const split = this.#worker('split-file');
    stores.grantRead(split, 'populations');
    const read = this.#worker('read-users');
    stores.grantRead(read, 'populations', 'index');
    stores.grantReadCatalog(read);
    const merge = this.#worker('merge-users');
    stores.grantList(merge, 'parts');
    const fit = this.#worker('fit-upload');
    stores.grantWrite(fit, 'index');
    stores.grantTellStatus(fit);
    const train = this.#worker('train-upload');
    stores.grantList(train, 'parts');
    stores.grantRead(train, 'index');
    stores.grantWrite(train, 'index');
    stores.grantRemove(train, 'parts');
    stores.grantTellStatus(train);
    const index = this.#worker('index-shard', [this.#layer.version]);
    stores.grantRead(index, 'index');
    stores.grantWrite(index, 'index');
    stores.bands.grant(index, 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem');
    const publish = this.#worker('publish-upload');
    stores.grantList(publish, 'parts', 'index');
    stores.grantRemove(publish, 'index');
    stores.grantWriteCatalog(publish);
    stores.grantTellStatus(publish);
    stores.bands.grant(publish, 'dynamodb:Query', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem');
    for (const each of [split, read, merge, fit, train, index, publish]) stores.grantRead(each, 'parts');
    for (const each of [plan, split, read, merge, fit, train, index, publish]) stores.grantWrite(each, 'parts');

    const over = (list: string) => this.#mapOver(list);
    const planned = task(this, 'Plan', plan);
    const steps = planned.next(
      new Choice(this, 'Are there files too long for one function?')
        .when(
          Condition.booleanEquals('$.hasLongFiles', true),
          forEach(this, 'Split', split, over('long')).next(planned),
        )
        .otherwise(
          forEach(this, 'Read', read, over('splits'))
            .next(forEach(this, 'Merge', merge, over('parts')))
            .next(task(this, 'Fit', fit))
            .next(this.#trained(train))
            .next(forEach(this, 'Index', index, over('shards')))
            .next(task(this, 'Publish', publish)),
        ),
    );
    const failed = task(this, 'Tell failure', end).next(
      new Fail(this, 'Upload failed', { error: 'UploadFailed', cause: 'the reason stands in _STATUS.json' }),
    );
    const chain = guarded(this, 'Upload', steps, failed).next(task(this, 'Tell success', end));
    this.#machine('upload', chain, [plan, split, read, merge, fit, train, index, publish, end]);
  }

  /** The attention scorer is trained where that is wanted, and else nothing is done. */
  #trained(train: HandlerFunction): Chain {
    return new Choice(this, 'Is the scorer to be trained?')
      .when(Condition.booleanEquals('$.isTrained', true), task(this, 'Train', train))
      .afterwards({ includeOtherwise: true });
  }

  /** Expansion of a large population: prepare → gather → fit → score → merge. */
  #expansionMachine(): void {
    const stores = this.#stores;
    const prepare = this.#worker('prepare-expansion');
    const gather = this.#worker('gather-shard');
    const fit = this.#worker('fit-expansion');
    const score = this.#worker('score-shard');
    const merge = this.#worker('merge-audience');
    for (const each of [prepare, gather, fit, score, merge]) {
      stores.grantRead(each, 'parts');
      stores.grantWrite(each, 'parts');
    }
    for (const each of [prepare, gather, fit, score, merge]) stores.grantRead(each, 'index');
    for (const each of [gather, score]) stores.grantList(each, 'parts');
    this.#grantTellAudience(merge);
    const end = this.#door('end-expansion');
    this.#grantFinishExpansion(end);

    const steps = task(this, 'Prepare', prepare)
      .next(forEach(this, 'Gather', gather, this.#mapOver('shards')))
      .next(task(this, 'Fit seeds', fit))
      .next(forEach(this, 'Score', score, this.#mapOver('shards')))
      .next(task(this, 'Merge rankings', merge));
    const failed = task(this, 'Tell that it failed', end).next(
      new Fail(this, 'Expansion failed', {
        error: 'ExpansionFailed',
        cause: 'the reason stands in the state of the campaign',
      }),
    );
    const chain = guarded(this, 'Expansion', steps, failed);
    this.#machine('expansion', chain, [prepare, gather, fit, score, merge, end]);
  }

  #receiveUploads(): void {
    const notice = this.#door('notice-upload');
    this.#stores.grantList(notice, 'populations');
    this.#grantFinishUpload(notice); // of an upload whose end nobody was told
    const finish = this.#door('finish-upload');
    this.#grantFinishUpload(finish);
    const { quietSeconds } = this.#props.settings;
    const written = (key: object) => this.#writtenObject(key);
    this.#route('closed-uploads', notice, written({ wildcard: 'populations/*/_SUCCESS' }));
    this.#queue('quiet-uploads', notice, { pattern: written({ prefix: 'populations/' }), delaySeconds: quietSeconds });
    this.#route('ended-uploads', finish, this.#endOf('upload'));
  }

  #receiveSeeds(): void {
    const { pinned } = this.#props.stack;
    const expansions = new Map(pinned.map((population) => [population, this.#pinnedExpansion(population)]));
    const finish = this.#door('finish-expansion');
    this.#grantFinishExpansion(finish);
    const queue = this.#seedQueue(this, this.#seedsBut(pinned), this.#expandDrop(this));
    // A drop comes to two queues rather than to none while the rules change; whoever is second sees that it is at work.
    queue.node.addDependency(...expansions.values());
    this.#route('ended-expansions', finish, this.#endOf('expansion'));
    if (expansions.size > 0) this.#pinIndex(expansions);
  }

  #pinnedExpansion(population: string): PinnedExpansion {
    const expansion = new PinnedExpansion(this, `pinned-${population}`, (scope) => this.#expandDrop(scope));
    this.#seedQueue(expansion, { prefix: `seeds/${population}/` }, expansion.handler, expansion.alias);
    return expansion;
  }

  /** Every seed file but those of pinned populations; as a list of what it is not, because one field takes no two conditions. */
  #seedsBut(pinned: readonly string[]): object {
    if (pinned.length === 0) return { prefix: 'seeds/' };
    const others = FOLDERS.filter((folder) => folder !== 'seeds').map((folder) => `${folder}/`);
    return { 'anything-but': { prefix: [...pinned.map((population) => `seeds/${population}/`), ...others] } };
  }

  #seedQueue(scope: Construct, key: object, handler: HandlerFunction, alias?: Alias): WorkQueue {
    return this.#queue('seeds', handler, {
      scope,
      alias,
      pattern: this.#writtenObject(key),
      timeoutSeconds: LONG_SECONDS,
      concurrency: this.#props.stack.expansionConcurrency,
    });
  }

  /** Layers and functions of pinned populations follow the catalog, and the code that is deployed. */
  #pinIndex(expansions: ReadonlyMap<string, PinnedExpansion>): void {
    const pin = this.#worker('pin-index');
    const pinned = [...expansions].map(([population, { handler, layer }]) => [
      population,
      { function: handler.functionName, layer },
    ]);
    pin.addEnvironment('PINNED', this.toJsonString(Object.fromEntries(pinned)));
    this.#stores.grantRead(pin, 'index');
    this.#stores.grantArchives(pin);
    this.#stores.grantReadCatalog(pin);
    for (const expansion of expansions.values()) expansion.grantPin(pin, [this.#layer.version]);
    this.#route('changed-indexes', pin, {
      source: ['akin', 'aws.cloudformation'],
      detailType: ['upload done', 'population forgotten', 'CloudFormation Stack Status Change'],
      detail: {
        $or: [
          { population: [...expansions.keys()] },
          { 'stack-id': [this.stackId], 'status-details': { status: DEPLOYED } },
        ],
      },
    });
  }

  #expandDrop(scope: Construct): HandlerFunction {
    const stores = this.#stores;
    const expand = this.#worker('expand-drop', [this.#layer.version], scope);
    stores.grantList(expand, 'seeds', 'parts');
    stores.grantRead(expand, 'seeds', 'index', 'parts');
    stores.grantWrite(expand, 'parts');
    stores.grantListCatalog(expand);
    stores.bands.grant(expand, 'dynamodb:Query', 'dynamodb:BatchGetItem');
    this.#grantStart(expand, 'expansion');
    this.#grantTellAudience(expand);
    return expand;
  }

  #partnerApi(): PartnerApi {
    const stores = this.#stores;
    const { doorMemoryMiB, memoryMiB, requestsPerSecond } = this.#props.stack;
    const light = this.#function('api', doorMemoryMiB, MOST_CALL_SECONDS, []);
    const explain = this.#function('explain', memoryMiB, MOST_CALL_SECONDS, []);
    stores.grantList(light, 'populations', 'seeds', 'audiences', 'index', 'live', 'parts');
    stores.grantRead(light, 'populations', 'seeds', 'audiences');
    stores.grantWrite(light, 'populations', 'seeds', 'live');
    stores.grantRemove(light, 'seeds', 'audiences', 'index', 'live', 'parts');
    stores.grantListCatalog(light);
    stores.grantWriteCatalog(light);
    stores.catalog.grant(light, 'dynamodb:DeleteItem');
    stores.bands.grant(light, 'dynamodb:Query', 'dynamodb:DeleteItem', 'dynamodb:BatchWriteItem');
    this.#bus.grantPutEventsTo(light); // of a population that is forgotten
    stores.grantList(explain, 'seeds', 'audiences');
    stores.grantRead(explain, 'seeds', 'audiences', 'index');
    stores.grantReadCatalog(explain);
    stores.grantListCatalog(explain);
    const workers = { explain, 'live-audience': this.#liveAudiences() };
    return new PartnerApi(this, 'partners', { light, workers, requestsPerSecond });
  }

  /** Seeds that were added wake up a refresh some minutes later; the function that takes seeds and gives scores. */
  #liveAudiences(): HandlerFunction {
    const stores = this.#stores;
    const refresh = this.#worker('refresh-audience');
    stores.grantList(refresh, 'live');
    stores.grantRead(refresh, 'live', 'index');
    stores.grantWrite(refresh, 'live');
    stores.grantRemove(refresh, 'live');
    stores.grantWriteCatalog(refresh);
    const queue = this.#queue('audience-refreshes', refresh, { timeoutSeconds: LONG_SECONDS });
    const live = this.#function('live-audience', this.#props.stack.memoryMiB, MOST_CALL_SECONDS, []);
    stores.grantList(live, 'seeds', 'live');
    stores.grantRead(live, 'seeds', 'live', 'index');
    stores.grantWrite(live, 'live');
    stores.grantWriteCatalog(live);
    stores.grantListCatalog(live);
    queue.grantSend(live, 'REFRESH_QUEUE');
    return live;
  }

  /** Whoever waits is told how an upload went, and the next in the line is started. */
  #grantFinishUpload(who: HandlerFunction): void {
    this.#stores.grantList(who, 'parts');
    this.#stores.grantRead(who, 'parts');
    this.#stores.grantTellStatus(who);
    this.#stores.grantWriteCatalog(who);
    this.#bus.grantPutEventsTo(who);
    this.#grantStart(who, 'upload');
  }

  #grantFinishExpansion(who: HandlerFunction): void {
    this.#stores.grantList(who, 'parts');
    this.#stores.grantRead(who, 'parts');
    this.#grantTellAudience(who);
  }

  /** Audiences are written, who waits is told, and the claim is settled. */
  #grantTellAudience(who: HandlerFunction): void {
    this.#stores.grantWrite(who, 'audiences');
    this.#stores.grantWriteCatalog(who);
    this.#bus.grantPutEventsTo(who);
  }

  #grantStart(who: HandlerFunction, machine: MachineName): void {
    const resourceArns = [this.#machineArn(machine)];
    Grant.addToPrincipal({ grantee: who, actions: ['states:StartExecution'], resourceArns });
  }

  /** A function that works on people's data: with memory for a shard, and all the time that there is. */
  #worker(id: string, layers: HandlerFunctionLayers = [], scope: Construct = this): HandlerFunction {
    return this.#function(id, this.#props.stack.memoryMiB, LONG_SECONDS, layers, scope);
  }

  /** A function that passes names on. */
  #door(id: string): HandlerFunction {
    return this.#function(id, this.#props.stack.doorMemoryMiB, SHORT_SECONDS, []);
  }

  #function(
    id: string,
    memoryMiB: number,
    timeoutSeconds: number,
    layers: HandlerFunctionLayers,
    scope: Construct = this,
  ): HandlerFunction {
    const { stack, environment: given } = this.#props;
    const { architecture, logRetentionDays } = stack;
    const settings = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    return new HandlerFunction(scope, id, {
      architecture,
      memoryMiB,
      timeoutSeconds,
      logRetentionDays,
      layers: [...layers],
      environment: {
        BUCKET: this.#stores.bucket.bucketName,
        CATALOG_TABLE: this.#stores.catalog.tableName,
        BANDS_TABLE: this.#stores.bands.tableName,
        UPLOAD_MACHINE: this.#machineArn('upload'),
        EXPANSION_MACHINE: this.#machineArn('expansion'),
        DEAD_LETTERS: this.#deadLetters.queueUrl,
        MAX_TRIES: String(MAX_TRIES),
        ...Object.fromEntries(settings),
      },
    });
  }

  #route(id: string, handler: HandlerFunction, pattern: EventPattern): void {
    new EventRoute(this, id, { handler, pattern, deadLetters: this.#deadLetters });
  }

  #queue(
    id: string,
    handler: HandlerFunction,
    {
      scope = this,
      ...props
    }: Partial<Pick<WorkQueueProps, 'pattern' | 'alias' | 'timeoutSeconds' | 'delaySeconds' | 'concurrency'>> & {
      readonly scope?: Construct;
    },
  ): WorkQueue {
    return new WorkQueue(scope, id, {
      timeoutSeconds: SHORT_SECONDS,
      concurrency: 5, // these only pass names on; the line of uploads makes them wait for each other anyway
      ...props,
      handler,
      deadLetters: this.#deadLetters,
      alarmAction: this.#alarmAction(`${id}-topic`, scope),
    });
  }

  #writtenObject(key: object) {
    const name = this.#stores.bucket.bucketName;
    return {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: { bucket: { name: [name] }, object: { key: [key] } },
    };
  }

  #mapOver(list: string) {
    return { bucket: this.#stores.bucket, list, concurrency: this.#props.stack.mapConcurrency };
  }

  #machine(id: MachineName, chain: IChainable, handlers: readonly HandlerFunction[]): void {
    const { logRetentionDays } = this.#props.stack;
    const name = this.#machineName(id);
    stepMachine(this, id, { name, chain, handlers, bucket: this.#stores.bucket, logRetentionDays });
  }

  /** Named beforehand, because the last of a machine's functions starts the next execution of that very machine. */
  #machineName(id: MachineName): string {
    return `${this.stackName}-${id}`;
  }

  #machineArn(id: MachineName): string {
    const resourceName = this.#machineName(id);
    return this.formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  /** Sent at best effort, so for nothing but what a machine cannot tell of itself: that it was stopped. */
  #endOf(id: MachineName) {
    return {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: { stateMachineArn: [this.#machineArn(id)], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
    };
  }

  #alarmAction(id = 'alarm-topic', scope: Construct = this) {
    const { alarmTopicArn } = this.#props.stack;
    return alarmTopicArn === undefined ? undefined : new SnsAction(Topic.fromTopicArn(scope, id, alarmTopicArn));
  }
}

type HandlerFunctionLayers = readonly NativeLayer['version'][];

type MachineName = 'upload' | 'expansion';
