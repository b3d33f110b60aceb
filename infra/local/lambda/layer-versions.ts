/** The layers that functions publish, unpacked in a folder: what was published stays after a restart, and no number comes twice. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import * as z from 'zod';
import { AwsFault, arnOf } from '../aws-service.ts';
import { unzipped } from './unzipped.ts';

/** As AWS counts what a layer and a function hold unpacked. */
export const UNPACKED_LIMIT_BYTES = 262_144_000;

const Book = z.object({
  last: z.int(),
  versions: z.array(z.object({ number: z.int(), description: z.string(), bytes: z.int(), created: z.string() })),
});
type Book = z.infer<typeof Book>;

export interface LayerVersion {
  readonly LayerVersionArn: string;
  readonly Version: number;
  readonly Description: string;
  readonly CreatedDate: string;
}

export class LayerVersions {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  publish(layer: string, description: string, archive: Uint8Array): LayerVersion {
    const files = unzipped(archive);
    const bytes = files.values().reduce((sum, content) => sum + content.length, 0);
    if (bytes >= UNPACKED_LIMIT_BYTES) throw tooLarge();
    const { last, versions } = this.#book(layer);
    const number = last + 1;
    const folder = this.#folderOf(layer, number);
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of files) place(folder, name, content);
    const version = { number, description, bytes, created: new Date().toISOString() };
    this.#keep(layer, { last: number, versions: [version, ...versions] });
    return versionOf(layer, version);
  }

  /** The newest first, as AWS lists them. */
  list(layer: string): LayerVersion[] {
    return this.#book(layer).versions.map((version) => versionOf(layer, version));
  }

  /** A version that is not there is no error. */
  remove(layer: string, number: number): void {
    const { last, versions } = this.#book(layer);
    this.#keep(layer, { last, versions: versions.filter((each) => each.number !== number) });
    rmSync(this.#folderOf(layer, number), { recursive: true, force: true });
  }

  /** Where the layer of that ARN is unpacked, and how large it is; undefined where it was not published here. */
  find(arn: string): { readonly folder: string; readonly bytes: number } | undefined {
    const [layer, text] = arn.split(':').slice(-2);
    const found = this.#book(layer).versions.find(({ number }) => String(number) === text);
    return found && { folder: this.#folderOf(layer, found.number), bytes: found.bytes };
  }

  #book(layer: string): Book {
    const file = join(this.#folder, layer, 'versions.json');
    return existsSync(file) ? Book.parse(JSON.parse(readFileSync(file, 'utf8'))) : { last: 0, versions: [] };
  }

  #keep(layer: string, book: Book): void {
    mkdirSync(join(this.#folder, layer), { recursive: true });
    writeFileSync(join(this.#folder, layer, 'versions.json'), JSON.stringify(book));
  }

  #folderOf(layer: string, number: number): string {
    return join(this.#folder, layer, String(number));
  }
}

export function tooLarge(): AwsFault {
  return new AwsFault(
    400,
    'InvalidParameterValueException',
    `Unzipped size must be smaller than ${UNPACKED_LIMIT_BYTES} bytes`,
  );
}

function versionOf(layer: string, { number, description, created }: Book['versions'][number]): LayerVersion {
  const arn = arnOf('lambda', `layer:${layer}:${number}`);
  return { LayerVersionArn: arn, Version: number, Description: description, CreatedDate: created };
}

function place(folder: string, name: string, content: Uint8Array): void {
  const path = resolve(folder, name);
  if (!path.startsWith(resolve(folder) + sep)) {
    throw new AwsFault(400, 'InvalidParameterValueException', `expected a path within the layer, got ${name}`);
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
