/** The synthesized stack on this laptop, as a stranger uses it: files in, files out, by S3's own protocol. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { dynamodbBucketStore } from '#adapters/dynamodb-bucket-store.ts';
import { dynamodbCatalog } from '#adapters/dynamodb-catalog.ts';
import { s3ObjectStore } from '#adapters/s3-object-store.ts';
import type { Ports } from '#application/ports.ts';
import { localPorts } from '#infra/cli/local-ports.ts';
import { CallBook } from '#infra/local/call-book.ts';
import { LocalStack, type LocalStackOptions } from '#infra/local/local-stack.ts';
import { synthesized } from '../infra/assembly.ts';

export type Observe = NonNullable<LocalStackOptions['observe']>;

export class LocalSite {
  readonly #options: Omit<LocalStackOptions, 'log' | 'observe' | 'calls'>;
  readonly lines: string[] = [];
  readonly calls = new CallBook();
  /** What the test does with each call; nothing at first. */
  observe: Observe = () => {};
  #stack: LocalStack | undefined;

  static async open(
    environment: Readonly<Record<string, string>>,
    context: readonly string[] = [],
  ): Promise<LocalSite> {
    const site = new LocalSite(await synthesized(environment, context));
    await site.#start();
    return site;
  }

  private constructor(assembly: string) {
    const folder = mkdtempSync(join(tmpdir(), 'akin-stack-'));
    this.#options = { assembly, stack: 'akin', folder, concurrency: 2, retryAfterMs: 100, secondsPerSecond: 0.05 };
  }

  get stack(): LocalStack {
    if (!this.#stack) throw new Error('expected a stack that runs, got none');
    return this.#stack;
  }

  async restart(): Promise<void> {
    await this.stack.stop();
    await this.#start();
  }

  async #start(): Promise<void> {
    this.#stack = await LocalStack.start({
      ...this.#options,
      calls: this.calls,
      log: (line) => this.lines.push(line),
      observe: (caller, call, moment) => this.observe(caller, call, moment),
    });
  }

  #s3(): S3Client {
    return new S3Client(this.#client());
  }

  #client() {
    return { region: 'us-east-1', endpoint: this.stack.url, credentials: this.stack.credentials };
  }

  async put(key: string, body: string | Uint8Array): Promise<void> {
    await this.#s3().send(new PutObjectCommand({ Bucket: this.stack.bucket, Key: key, Body: Buffer.from(body) }));
  }

  async get(key: string): Promise<string | undefined> {
    try {
      const { Body } = await this.#s3().send(new GetObjectCommand({ Bucket: this.stack.bucket, Key: key }));
      return await Body?.transformToString();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async json(key: string) {
    return JSON.parse((await this.get(key)) ?? 'null');
  }

  async list(prefix: string): Promise<string[]> {
    const names: string[] = [];
    const pages = paginateListObjectsV2({ client: this.#s3() }, { Bucket: this.stack.bucket, Prefix: prefix });
    for await (const { Contents = [] } of pages) names.push(...Contents.flatMap(({ Key }) => Key ?? []));
    return names;
  }

  /** A batch of files, closed by `_SUCCESS`. */
  async upload(batch: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [file, body] of Object.entries(files)) await this.put(`populations/${batch}/${file}`, body);
    await this.put(`populations/${batch}/_SUCCESS`, '');
  }

  /** The stores as the person at the laptop may use them. */
  ports(): Ports {
    const [s3, dynamodb] = [this.#s3(), new DynamoDBClient(this.#client())];
    const table = (name: string) => {
      const found = this.stack.template.ofType('AWS::DynamoDB::GlobalTable').find(({ id }) => id.startsWith(name));
      if (!found) throw new Error(`expected a table ${name}, found none`);
      return found.id;
    };
    return {
      ...localPorts(this.#options.folder),
      objects: s3ObjectStore(this.stack.bucket, async () => s3),
      catalog: dynamodbCatalog(table('storescatalog'), async () => dynamodb),
      buckets: dynamodbBucketStore(table('storesbands'), async () => dynamodb),
    };
  }

  /** The function of that file of functions/. */
  functionOf(file: string) {
    const found = this.stack.functions.entries().find(([id]) => id.startsWith(file.replaceAll('-', '')));
    if (!found) throw new Error(`expected a function ${file}, found none`);
    const [id, handler] = found;
    return { id, handler };
  }

  async close(): Promise<void> {
    await this.stack.stop();
    for (const folder of [this.#options.assembly, this.#options.folder])
      rmSync(folder, { recursive: true, force: true });
  }
}
