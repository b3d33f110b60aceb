/**
 * A function whose layers change while the stack runs: its unpublished state, the versions that were made of it, and an alias that
 * says which of them is called. A restart is a deployment: the state is the template's again, and no version is there.
 */
import { randomUUID } from 'node:crypto';
import { AwsFault } from '../aws-service.ts';
import { tooLarge, UNPACKED_LIMIT_BYTES } from './layer-versions.ts';
import type { LocalFunction } from './local-function.ts';

export const LATEST = '$LATEST';

export interface VersionedFunction {
  readonly name: string;
  readonly arn: string;
  /** The template's. */
  readonly layers: readonly string[];
  readonly alias: string;
  /** The bytes of its bundle, and of each layer unpacked. */
  readonly codeBytes: number;
  bytesOf(layer: string): number | undefined;
  /** The function with these layers; nothing runs before it is invoked. */
  make(layers: readonly string[]): LocalFunction;
}

interface State {
  readonly version: string;
  readonly description: string;
  readonly layers: readonly string[];
  readonly revision: string;
  readonly made: LocalFunction;
}

/** So long does a change take here; in AWS seconds. */
const CHANGE_MS = 20;

/** What a function may have. */
const MOST_LAYERS = 5;

export class FunctionVersions {
  readonly #options: VersionedFunction;
  readonly #published = new Map<string, State>();
  /** All that were made, for the end. */
  readonly #made: LocalFunction[] = [];
  #latest: State;
  /** When the change that is under way ends, in milliseconds; undefined without one. */
  #changedAt: number | undefined;
  #alias = { version: LATEST, revision: randomUUID() };
  #count = 0;

  constructor(options: VersionedFunction) {
    this.#options = options;
    const { layers } = options;
    this.#latest = { version: LATEST, description: '', layers, revision: randomUUID(), made: this.#make(layers) };
  }

  get name(): string {
    return this.#options.name;
  }

  /** Who is called by the alias. */
  get called(): LocalFunction {
    return this.#at(this.#alias.version).made;
  }

  /** What the function that is called carries. */
  get calledLayers(): readonly string[] {
    return this.#at(this.#alias.version).layers;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#made.map((each) => each.stop()));
  }

  configuration(version = LATEST) {
    const isUnderWay = version === LATEST && this.#isUnderWay();
    const { name, arn } = this.#options;
    const { version: Version, description: Description, layers, revision: RevisionId } = this.#at(version);
    return {
      FunctionName: name,
      FunctionArn: version === LATEST ? arn : `${arn}:${version}`,
      Version,
      Description,
      RevisionId,
      State: 'Active',
      LastUpdateStatus: isUnderWay ? 'InProgress' : 'Successful',
      Layers: layers.map((Arn) => ({ Arn })),
    };
  }

  versions() {
    return [LATEST, ...this.#published.keys()].map((version) => this.configuration(version));
  }

  setLayers(layers: readonly string[], revision: string | undefined) {
    this.#checkQuiet();
    checkRevision(revision, this.#latest.revision);
    this.#checkLayers(layers);
    this.#latest = { ...this.#latest, layers: [...layers], revision: randomUUID(), made: this.#make(layers) };
    this.#changedAt = Date.now() + CHANGE_MS;
    return this.configuration();
  }

  /** Where nothing has changed since the last version, that is the answer, as in AWS. */
  publish(description: string, revision: string | undefined) {
    this.#checkQuiet();
    checkRevision(revision, this.#latest.revision);
    const { layers, made } = this.#latest;
    const last = this.#published.get(String(this.#count));
    if (last && last.layers.join() === layers.join()) return this.configuration(last.version);
    const version = String(++this.#count);
    this.#published.set(version, { version, description, layers, revision: randomUUID(), made });
    return this.configuration(version);
  }

  alias(name: string) {
    this.#checkAlias(name);
    const { version: FunctionVersion, revision: RevisionId } = this.#alias;
    return { AliasArn: `${this.#options.arn}:${name}`, Name: name, FunctionVersion, RevisionId };
  }

  moveAlias(name: string, version: string, revision: string | undefined) {
    this.#checkAlias(name);
    checkRevision(revision, this.#alias.revision);
    this.#at(version);
    this.#alias = { version, revision: randomUUID() };
    return this.alias(name);
  }

  async remove(version: string): Promise<void> {
    const { made } = this.#at(version);
    if (version === LATEST || version === this.#alias.version) {
      throw new AwsFault(409, 'ResourceConflictException', `expected a version that no alias calls, got ${version}`);
    }
    this.#published.delete(version);
    if (made !== this.#latest.made) await made.stop();
  }

  #make(layers: readonly string[]): LocalFunction {
    const made = this.#options.make(layers);
    this.#made.push(made);
    return made;
  }

  #at(version: string): State {
    const found = version === LATEST ? this.#latest : this.#published.get(version);
    if (found) return found;
    throw notFound(`a version ${version} of ${this.#options.name}`);
  }

  /** The end of a change is a revision of its own. */
  #isUnderWay(): boolean {
    if (this.#changedAt !== undefined && Date.now() >= this.#changedAt) {
      this.#changedAt = undefined;
      this.#latest = { ...this.#latest, revision: randomUUID() };
    }
    return this.#changedAt !== undefined;
  }

  #checkQuiet(): void {
    if (!this.#isUnderWay()) return;
    throw new AwsFault(409, 'ResourceConflictException', 'expected no change under way, but one is in progress');
  }

  #checkAlias(name: string): void {
    if (name !== this.#options.alias) throw notFound(`an alias ${name} of ${this.#options.name}`);
  }

  #checkLayers(layers: readonly string[]): void {
    const { codeBytes } = this.#options;
    if (layers.length > MOST_LAYERS) {
      throw invalid(`expected at most ${MOST_LAYERS} layers, got ${layers.length}`);
    }
    const bytes = layers.map((layer) => {
      const known = this.#options.bytesOf(layer);
      if (known === undefined) throw invalid(`expected a layer that exists, got ${layer}`);
      return known;
    });
    if (bytes.reduce((sum, each) => sum + each, codeBytes) >= UNPACKED_LIMIT_BYTES) throw tooLarge();
  }
}

export function notFound(what: string): AwsFault {
  return new AwsFault(404, 'ResourceNotFoundException', `expected ${what}, found none`);
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'InvalidParameterValueException', message);
}

function checkRevision(given: string | undefined, standing: string): void {
  if (given === undefined || given === standing) return;
  throw new AwsFault(412, 'PreconditionFailedException', 'the RevisionId is not the one of now; look at it again');
}
