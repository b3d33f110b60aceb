/**
 * A synthesized stack on a laptop: its bucket, tables, queues, rules, functions and state machines, wired as the template
 * wires them. Functions are the real bundles, each in processes of its own, with the SDK pointed here by its environment.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiGatewayService } from './api-gateway-service.ts';
import { AwsEndpoint } from './aws-endpoint.ts';
import type { Call } from './aws-service.ts';
import { CallBook } from './call-book.ts';
import { DynamodbService } from './dynamodb-service.ts';
import { EventBus } from './events/event-bus.ts';
import { EventsService } from './events/events-service.ts';
import { invokeLater } from './events/invoke-later.ts';
import { type FunctionSettings, functionsOf, versionsOf } from './functions-of-template.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { FunctionVersions } from './lambda/function-versions.ts';
import { LambdaService } from './lambda/lambda-service.ts';
import { LayerVersions } from './lambda/layer-versions.ts';
import type { LocalFunction } from './lambda/local-function.ts';
import { Meter } from './meter.ts';
import { type Permission, Roles } from './permissions.ts';
import { type S3Event, S3Service } from './s3/s3-service.ts';
import { type Poller, pollQueue } from './sqs/queue-poller.ts';
import type { Queue } from './sqs/queues.ts';
import { queuesOf } from './sqs/queues-of-template.ts';
import { SqsService } from './sqs/sqs-service.ts';
import { executionEvent } from './states/execution-events.ts';
import type { Execution } from './states/executions.ts';
import { StateMachine } from './states/state-machines.ts';
import { StatesService } from './states/states-service.ts';
import { STACK_ID, Template } from './template.ts';

export interface LocalStackOptions {
  /** Where the template lies, and its name without `.template.json`. */
  readonly assembly: string;
  readonly stack: string;
  /** Where everything that the stack keeps lies. */
  readonly folder: string;
  readonly port?: number;
  /** Processes of one function at most: a laptop has few cores. */
  readonly concurrency: number;
  readonly retryAfterMs: number;
  /** What a second of waiting in a state machine takes here, in seconds. */
  readonly secondsPerSecond: number;
  readonly log: (line: string) => void;
  /** Goes on with what was called before, by a stack that was stopped. */
  readonly calls?: CallBook;
  /** Told of each call of each function and state machine, by its logical id, before it is made and after it was. */
  readonly observe?: (caller: string, call: Call, moment: 'before' | 'after') => void | Promise<void>;
}

/** Whoever sits at the laptop. */
const PERSON = 'akin';

const POLL_MS = 20;

/** What Lambda does with a queue, in the function's name. */
const POLLING = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

export class LocalStack {
  readonly template: Template;
  readonly calls: CallBook;
  readonly meter = new Meter();
  readonly queues: ReadonlyMap<string, Queue>;
  /** Those that are called by their own names. */
  functions: ReadonlyMap<string, LocalFunction> = new Map();
  /** Those that are called by an alias. */
  versions: ReadonlyMap<string, FunctionVersions> = new Map();
  readonly bus: EventBus;
  readonly #options: LocalStackOptions;
  readonly #secrets = new Map<string, string>();
  readonly #roles: Roles;
  readonly #machines: readonly StateMachine[];
  readonly #running = new Set<string>();
  readonly #pollers: Poller[] = [];
  readonly #polled: Queue[] = [];
  readonly #s3: S3Service;
  readonly #dynamodb: DynamodbService;
  readonly #layers: LayerVersions;
  readonly #endpoint: AwsEndpoint;

  static async start(options: LocalStackOptions): Promise<LocalStack> {
    const stack = new LocalStack(options);
    await stack.#start();
    return stack;
  }

  private constructor(options: LocalStackOptions) {
    const { assembly, stack, folder, log } = options;
    this.#options = options;
    this.calls = options.calls ?? new CallBook();
    this.template = new Template(assembly, stack);
    mkdirSync(folder, { recursive: true });
    this.bus = new EventBus((rule, error) => log(`the rule ${rule} could not deliver: ${String(error)}`));
    this.#s3 = new S3Service(join(folder, 's3'), (event) => this.#tellOfObject(event));
    this.#dynamodb = new DynamodbService(join(folder, 'dynamodb'));
    this.#layers = new LayerVersions(join(folder, 'layers'));
    this.queues = queuesOf(this.template, join(folder, 'queues'));
    this.#roles = new Roles(this.template);
    this.#makeRules();
    this.#machines = this.#makeMachines();
    this.#endpoint = new AwsEndpoint({
      services: {
        s3: this.meter.s3(this.#s3),
        dynamodb: this.meter.dynamodb(this.#dynamodb),
        sqs: new SqsService(this.queues.values()),
        events: new EventsService(this.bus),
        states: new StatesService(this.#machines),
        lambda: new LambdaService({
          layers: this.#layers,
          functions: () => this.versions,
          readObject: (bucket, key) => this.#s3.bytesOf(bucket, key),
        }),
        'execute-api': new ApiGatewayService(this.template, (id, event) => this.#invoke(this.#functionAt(id), event)),
      },
      secretOf: (accessKeyId) => this.#secrets.get(accessKeyId),
      observe: (caller, call, moment) => this.#observe(caller, call, moment),
    });
  }

  get url(): string {
    return this.template.endpoint;
  }

  /** The only bucket there is. */
  get bucket(): string {
    return this.template.text({ Ref: this.template.ofType('AWS::S3::Bucket')[0].id });
  }

  /** What an SDK or a tool needs to act as the person at the laptop. */
  get credentials(): { readonly accessKeyId: string; readonly secretAccessKey: string } {
    return { accessKeyId: PERSON, secretAccessKey: this.#secretFor(PERSON) };
  }

  /** Waits until no message waits or is worked on, no execution runs, and nothing is on its way. */
  async idle(): Promise<void> {
    do {
      await this.bus.idle();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    } while (this.#running.size > 0 || this.#polled.some((queue) => queue.messages().length > 0));
  }

  /** Ends what runs, as a laptop that is closed does: messages and executions under way are taken up at the next start. */
  async stop(): Promise<void> {
    for (const machine of this.#machines) machine.stop();
    const polled = this.#pollers.map((poller) => poller.stop());
    await Promise.all([...this.functions.values(), ...this.versions.values()].map((each) => each.stop()));
    await Promise.all(polled);
    await this.#endpoint.stop();
    await this.#dynamodb.stop();
  }

  async #start(): Promise<void> {
    await this.#dynamodb.start();
    this.template.endpoint = await this.#endpoint.start(this.#options.port);
    for (const { id } of this.template.ofType('AWS::S3::Bucket')) {
      this.#s3.createBucket(this.template.text({ Ref: id }));
    }
    for (const { id, properties } of this.template.ofType('AWS::DynamoDB::GlobalTable')) {
      await this.#dynamodb.createTable(id, this.template.resolve(properties));
    }
    const { concurrency, folder, log } = this.#options;
    const settings: FunctionSettings = {
      concurrency,
      log,
      scratch: join(folder, 'tmp'),
      secretFor: (id) => this.#secretFor(id),
    };
    this.functions = functionsOf(this.template, settings);
    this.versions = versionsOf(this.template, settings, this.#layers);
    for (const machine of this.#machines) machine.abortInterrupted();
    this.#makePollers();
    this.#tellOfDeployment();
  }

  #makeMachines(): StateMachine[] {
    const { folder, secondsPerSecond } = this.#options;
    return this.template.ofType('AWS::StepFunctions::StateMachine').map(
      ({ id, properties }) =>
        new StateMachine({
          name: this.template.nameOf(id),
          arn: this.template.arnOf(id),
          definition: JSON.parse(this.template.text(properties.DefinitionString)),
          invoke: (functionArn, payload) => this.#invokeAs(id, functionArn, payload),
          readObject: (bucket, key) => this.#readAs(id, bucket, key),
          changed: (execution) => this.#tellOfExecution(execution),
          secondsPerSecond,
          folder: join(folder, 'executions', id),
        }),
    );
  }

  #makeRules(): void {
    for (const { id, properties } of this.template.ofType('AWS::Events::Rule')) {
      const targets = Array.isArray(properties.Targets) ? properties.Targets.filter(isObject) : [];
      this.bus.addRule({
        name: id,
        pattern: this.template.resolve(properties.EventPattern),
        targets: targets.map(({ Arn }) => ({ deliver: this.#targetAt(this.template.pointedAt(Arn)) })),
      });
    }
  }

  #targetAt(id: string): (input: Json) => unknown {
    const queue = this.queues.get(id);
    if (queue) return (input) => queue.send(JSON.stringify(input));
    const settings = this.template
      .ofType('AWS::Lambda::EventInvokeConfig')
      .find(({ properties }) => this.template.pointedAt(properties.FunctionName) === id)?.properties;
    if (!settings) throw new Error(`expected what the local stack knows, got the target ${id} of a rule`);
    return (input) =>
      invokeLater(settings, this.#options.retryAfterMs, {
        invoke: () => this.#invoke(this.#functionAt(id), input),
        failed: (error) => this.#options.log(`${id}: ${nameOf(error)}`),
        giveUp: (error) => this.#giveUp(id, input, settings, error),
      });
  }

  #makePollers(): void {
    const { log, retryAfterMs, concurrency } = this.#options;
    for (const { id, properties } of this.template.ofType('AWS::Lambda::EventSourceMapping')) {
      const { EventSourceArn, FunctionName, BatchSize, FunctionResponseTypes, ScalingConfig } = properties;
      const handler = this.#handlerOf(this.template.pointedAt(FunctionName));
      const queue = this.queues.get(this.template.pointedAt(EventSourceArn));
      if (!queue) throw new Error(`expected what the local stack knows, got no queue in ${id}`);
      const limit = isObject(ScalingConfig) ? Number(ScalingConfig.MaximumConcurrency) : concurrency;
      const poller = pollQueue(
        queue,
        {
          batchSize: Number(BatchSize),
          maxConcurrency: Math.min(concurrency, limit),
          reportBatchItemFailures: Array.isArray(FunctionResponseTypes),
          retryAfterMs,
          failed: (error) => log(`${handler}: ${nameOf(error)}`),
        },
        async (event) => {
          for (const action of POLLING) {
            await this.#observe(handler, { action: `sqs:${action}`, resource: queue.arn }, 'before');
          }
          return this.#invoke(this.#functionAt(handler), event);
        },
      );
      this.#pollers.push(poller);
      this.#polled.push(queue);
    }
  }

  /** What Lambda does in the function's name with an event that failed for the last time. */
  async #giveUp(id: string, event: Json, { DestinationConfig }: JsonObject, error: unknown): Promise<void> {
    const failure = isObject(DestinationConfig) ? DestinationConfig.OnFailure : null;
    const queue = this.queues.get(this.template.pointedAt(isObject(failure) ? failure.Destination : undefined));
    if (!queue) throw new Error(`expected a queue for what ${id} fails at, got none`);
    await this.#observe(id, { action: 'sqs:SendMessage', resource: queue.arn }, 'before');
    queue.send(JSON.stringify({ requestPayload: event, responsePayload: { errorType: nameOf(error) } }));
  }

  /** A function, or the one that is called by an alias. */
  #handlerOf(id: string): string {
    const { type } = this.template.resource(id);
    return type === 'AWS::Lambda::Alias' ? this.template.aliasAt(id).functionId : id;
  }

  #functionAt(id: string): LocalFunction {
    const found = this.functions.get(id) ?? this.versions.get(id)?.called;
    if (found) return found;
    throw new Error(`expected a function of the stack, got ${id}`);
  }

  async #invokeAs(caller: string, functionArn: string, payload: Json): Promise<Json> {
    const target = this.#functionAt(functionArn.split(':').at(-1) ?? '');
    await this.#observe(caller, { action: 'lambda:InvokeFunction', resource: functionArn }, 'before');
    return this.#invoke(target, payload);
  }

  async #invoke(target: LocalFunction, event: unknown): Promise<Json> {
    const result = await target.invoke(event);
    this.meter.addTiming(target.name, result);
    return result.payload;
  }

  async #readAs(caller: string, bucket: string, key: string): Promise<Buffer> {
    await this.#observe(caller, { action: 's3:GetObject', resource: `arn:aws:s3:::${bucket}/${key}` }, 'before');
    return this.#s3.bytesOf(bucket, key);
  }

  /** Refuses what the caller's role does not allow, as AWS does; the person at the laptop may do everything. */
  async #observe(caller: string, call: Call, moment: 'before' | 'after'): Promise<void> {
    if (caller !== PERSON && moment === 'before') {
      this.calls.add(caller, call);
      this.#roles.check(caller, call);
    }
    await this.#options.observe?.(caller, call, moment);
  }

  /** What the role of a function or a state machine allows. */
  permissionsOf(caller: string): readonly Permission[] {
    return this.#roles.permissionsOf(caller);
  }

  #tellOfObject({ bucket, key, size, etag, sequencer, kind, reason }: S3Event): void {
    this.bus.put({
      source: 'aws.s3',
      detailType: kind,
      resources: [`arn:aws:s3:::${bucket}`],
      detail: { version: '0', bucket: { name: bucket }, object: { key, size, etag, sequencer }, reason },
    });
  }

  /** A start is a deployment: what was published before is not carried any more. */
  #tellOfDeployment(): void {
    this.bus.put({
      source: 'aws.cloudformation',
      detailType: 'CloudFormation Stack Status Change',
      resources: [STACK_ID],
      detail: { 'stack-id': STACK_ID, 'status-details': { status: 'UPDATE_COMPLETE' } },
    });
  }

  #tellOfExecution(execution: Execution): void {
    if (execution.status === 'RUNNING') this.#running.add(execution.executionArn);
    else this.#running.delete(execution.executionArn);
    const { status, name, error } = execution;
    if (status !== 'RUNNING' && status !== 'SUCCEEDED') {
      this.#options.log(`${name} ${status.toLowerCase()}: ${error ?? 'without a reason'}`);
    }
    this.bus.put(executionEvent(execution));
  }

  /** The same after a restart, so that commands can be said again. */
  #personsSecret(): string {
    const file = join(this.#options.folder, 'secret');
    if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
    return readFileSync(file, 'utf8');
  }

  #secretFor(accessKeyId: string): string {
    const kept = accessKeyId === PERSON ? this.#personsSecret() : undefined;
    const secret = this.#secrets.get(accessKeyId) ?? kept ?? randomBytes(24).toString('base64url');
    this.#secrets.set(accessKeyId, secret);
    return secret;
  }
}

/** What a log may say of a failure: its sentence may quote a person's id. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
