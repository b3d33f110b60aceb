/** Amazon DynamoDB as far as dynalite knows it, which runs beside the stack and is asked over HTTP. */
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as openRequest, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import dynalite from 'dynalite';
import { fieldsOf, operationOf, optionalTextAt, textAt } from './aws-json.ts';
import {
  AwsFault,
  arnOf,
  type Call,
  notKnown,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from './aws-service.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

const TARGET = 'DynamoDB_20120810';

/** What dynalite answers; it has no transactions, no PartiQL and no settings for expiry. */
const OF_A_TABLE = [
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'DescribeTimeToLive',
  'GetItem',
  'PutItem',
  'UpdateItem',
  'UpdateTable',
];
const OF_A_TABLE_OR_INDEX = ['Query', 'Scan'];
const OF_TABLES = ['BatchGetItem', 'BatchWriteItem'];
const OF_A_RESOURCE = ['ListTagsOfResource', 'TagResource', 'UntagResource'];

/** Properties of a table that make no difference here: nothing is billed, replicated, encrypted, restored or expired. */
const WITHOUT_EFFECT = ['BillingMode', 'Replicas', 'SSESpecification', 'TableName', 'TimeToLiveSpecification'];

/** What dynalite answered, as it came. */
interface Forwarded extends ServiceResponse {
  readonly body: Buffer;
}

/** A table is there after a millisecond. */
const MAX_LOOKS = 1_000;

export class DynamodbService implements Service {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #pending = new Set<Promise<unknown>>();

  /** Keeps the tables in a folder, or without one in memory. */
  constructor(folder?: string) {
    const store = folder === undefined ? {} : { path: folder };
    this.#server = dynalite({ ...store, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
    // Else it would close a connection in the moment that a request sets out on it.
    this.#server.keepAliveTimeout = 0;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** After what is under way: dynalite takes a connection that breaks for a bug of its own, and ends the process. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#pending);
    this.#agent.destroy();
    await new Promise<void>((resolve, reject) => {
      this.#server.close((error) => (error ? reject(error) : resolve()));
    });
  }

  /** A table of the stack, with the properties of its template; one that is there stays as it is. */
  async createTable(name: string, properties: Json): Promise<void> {
    const { AttributeDefinitions = [], KeySchema = [], ...others } = isObject(properties) ? properties : {};
    const stranger = Object.keys(others).find((property) => !WITHOUT_EFFECT.includes(property));
    if (stranger !== undefined) throw notKnown(`a table with ${stranger}`);
    const fields = { TableName: name, AttributeDefinitions, KeySchema, BillingMode: 'PAY_PER_REQUEST' };
    const created = await this.#ask('CreateTable', fields);
    if (created.status !== 200 && !created.body.toString().includes('ResourceInUseException')) {
      throw new Error(`expected to create the table ${name}, got ${created.body.toString()}`);
    }
    await this.#untilActive(name);
  }

  calls(request: ServiceRequest): readonly Call[] {
    const operation = operationOf(request, TARGET);
    const action = `dynamodb:${operation}`;
    if (operation === 'ListTables') return [{ action, resource: '*' }];
    const fields = fieldsOf(request);
    return resourcesOf(operation, fields).map((resource) => ({ action, resource }));
  }

  answer(request: ServiceRequest): Promise<ServiceResponse> {
    const answer = this.#forward(request.headers, request.body);
    this.#pending.add(answer);
    return answer.finally(() => this.#pending.delete(answer));
  }

  async #untilActive(name: string): Promise<void> {
    for (let look = 0; look < MAX_LOOKS; look++) {
      const { body } = await this.#ask('DescribeTable', { TableName: name });
      if (body.toString().includes('"TableStatus":"ACTIVE"')) return;
    }
    throw new Error(`expected the table ${name} to become active, it did not: its folder may be damaged`);
  }

  #ask(operation: string, fields: JsonObject): Promise<Forwarded> {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${TARGET}.${operation}`,
      'x-amz-date': '20000101T000000Z',
      // dynalite looks at its form alone.
      authorization:
        'AWS4-HMAC-SHA256 Credential=stack/20000101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    };
    return this.#forward(headers, Buffer.from(JSON.stringify(fields)));
  }

  async #forward(headers: IncomingHttpHeaders, body: Buffer): Promise<Forwarded> {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('expected DynamoDB to be started, it is not');
    const { connection: _, host: __, 'transfer-encoding': ___, ...kept } = headers;
    const outgoing = openRequest({
      agent: this.#agent,
      host: '127.0.0.1',
      port: address.port,
      method: 'POST',
      headers: { ...kept, 'content-length': body.length },
    });
    outgoing.end(body);
    const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
    return {
      status: incoming.statusCode ?? 500,
      headers: { 'content-type': incoming.headers['content-type'] ?? 'application/x-amz-json-1.0' },
      body: await buffer(incoming),
    };
  }
}

function resourcesOf(operation: string, fields: JsonObject): readonly string[] {
  if (OF_A_TABLE.includes(operation)) return [tableArn(textAt(fields, 'TableName'))];
  if (OF_A_TABLE_OR_INDEX.includes(operation)) {
    const index = optionalTextAt(fields, 'IndexName');
    return [`${tableArn(textAt(fields, 'TableName'))}${index === undefined ? '' : `/index/${index}`}`];
  }
  if (OF_A_RESOURCE.includes(operation)) return [textAt(fields, 'ResourceArn')];
  if (!OF_TABLES.includes(operation)) throw notKnown(`DynamoDB ${operation}`);
  const { RequestItems } = fields;
  if (isObject(RequestItems) && Object.keys(RequestItems).length > 0) return Object.keys(RequestItems).map(tableArn);
  throw new AwsFault(400, 'ValidationException', 'expected RequestItems of some table, got none');
}

function tableArn(name: string): string {
  return arnOf('dynamodb', `table/${name}`);
}
