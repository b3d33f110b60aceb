/** A stack that runs elsewhere, by its API: the same work as on this machine, with the same words. */
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type * as z from 'zod';
import { sizeOfFile } from '#adapters/formats/input-file.ts';
import { type SignedApi, signedApi } from '#adapters/signed-api.ts';
import { stackAddress } from '#adapters/stack-address.ts';
import { membersIn } from '#application/audience-files.ts';
import type { Audience, ExpansionReport, ExpansionRequest } from '#application/audience-report.ts';
import type { Casting } from '#application/cast.ts';
import { Invalid, NotFound } from '#application/errors.ts';
import { MOST_INLINE_SEEDS } from '#application/expansion/requested-expansion.ts';
import type { Explanation } from '#application/explain-member.ts';
import type { IdList } from '#application/id-list.ts';
import type { PopulationStatus, PopulationSummary } from '#application/population.ts';
import type { Watch } from '#application/ports.ts';
import type { RankingOptions } from '#application/ranking-options.ts';
import type { SeedReport, SeedReportRequest } from '#application/seed-report.ts';
import type { TrainingReport } from '#application/train-population.ts';
import type { TrainingOptions } from '#application/training.ts';
import { PART_BYTES } from '#application/upload/requested-transfer.ts';
import type { CloseBody } from '#application/upload/requested-upload.ts';
import { ROUTES } from '#functions/api-routes.ts';
import { transferFile } from './file-transfer.ts';
import { type LiveAudiences, stackAudiences } from './live-audiences.ts';
import { thenForgotten } from './work-to-forget.ts';

export const STACK_HELP =
  "work in a stack: its name in CloudFormation, local for the one of npm start, or its API's address";

const POLL_MS = 1_000;
/** An address cannot end in these: they are ways through it. */
const UNADDRESSABLE: ReadonlySet<string> = new Set(['', '.', '..']);
/** Longer lists of seeds go as a file: a body has its limit in bytes. */
const MOST_INLINE_LENGTH = 1_000_000;

const { answer: Populations } = ROUTES.populations;
const Population = Populations.shape.populations.element;
const { answer: Opened } = ROUTES.openUpload;
const { answer: Upload } = ROUTES.upload;
const { answer: Status } = ROUTES.population;
const { answer: Uploads } = ROUTES.uploads;
const { answer: Expansion } = ROUTES.expansion;
const { answer: Expansions } = ROUTES.expansions;
const { answer: Explained } = ROUTES.member;
const { answer: Reported } = ROUTES.requestSeedReport;
type AskedExpansion = z.output<typeof Expansion>;
const { answer: Download } = ROUTES.download;

export class DeployedStack {
  readonly #api: SignedApi;
  /** What lists are called there, and here. */
  readonly #names = new Map<string, string>();

  private constructor(api: SignedApi) {
    this.#api = api;
  }

  /** By name, by address, or `local`. */
  static async at(where: string): Promise<DeployedStack> {
    return new DeployedStack(signedApi(await stackAddress(where)));
  }

  async populations(): Promise<PopulationSummary[]> {
    return Populations.parse(await this.#api.call('GET', '/populations')).populations;
  }

  async population(name: string): Promise<PopulationSummary> {
    return Population.parse(await this.#api.call('GET', `/populations/${encodeURIComponent(name)}`));
  }

  async deletePopulation(name: string): Promise<void> {
    await this.#api.call('DELETE', `/populations/${encodeURIComponent(name)}`);
  }

  /** Files as one batch; what akin says of it once it is read. */
  async ingest(
    population: string,
    paths: readonly string[],
    options: Partial<CloseBody>,
    watch: Watch,
  ): Promise<unknown> {
    const uploads = `/populations/${encodeURIComponent(population)}/uploads`;
    const batch = `cli-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    const wanted = paths.map((path, n) => ({ path, name: nameInBatch(path, n), bytes: sizeOfFile(path) }));
    const names = wanted.map(({ name, bytes }) => (bytes > PART_BYTES ? { name, bytes } : name));
    const { files } = Opened.parse(await this.#api.call('POST', uploads, { batch, files: names }));
    const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    let before = 0;
    for (const [n, { path, name, bytes }] of wanted.entries()) {
      const { url = '', transfer } = files[n];
      const sent = (so: number) => watch('send the files', before + so, total);
      const place = `${uploads}/${batch}/files/${name}`;
      if (transfer) await transferFile(this.#api, { path, bytes, place, transfer }, sent);
      else await this.#api.send(url, { path }, sent);
      before += bytes;
    }
    return this.#closed(`${uploads}/${batch}`, options, watch);
  }

  /** The population as it stands, trained: a batch without files. */
  async train(population: string, training: Partial<TrainingOptions>, watch: Watch): Promise<TrainingReport> {
    const batch = `train-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    const place = `/populations/${encodeURIComponent(population)}/uploads/${batch}`;
    return (await this.#closed(place, { train: 'always', training }, watch)) as TrainingReport;
  }

  /** A batch that is complete; what akin says of it once it is read. */
  async #closed(place: string, options: object, watch: Watch): Promise<unknown> {
    await this.#api.call('PUT', place, options);
    for (;;) {
      const upload = Upload.parse(await this.#api.call('GET', place));
      watch(`the stack: ${upload.state}`, 0, 1);
      if (upload.state === 'done') return upload;
      if (upload.state === 'failed') throw new Invalid(upload.reason ?? 'the upload failed');
      await pause(POLL_MS);
    }
  }

  /** What a population holds, as far as it was counted. */
  async status(name: string): Promise<PopulationSummary | PopulationStatus> {
    const told = Status.parse(await this.#api.call('GET', `/populations/${encodeURIComponent(name)}`));
    const whole = Status.required().safeParse(told);
    return whole.success ? whole.data : Population.parse(told);
  }

  async uploads(population: string, limit: number) {
    const path = `/populations/${encodeURIComponent(population)}/uploads?limit=${limit}`;
    return Uploads.parse(await this.#api.call('GET', path)).uploads;
  }

  async expansions(population: string, limit: number) {
    const path = `/populations/${encodeURIComponent(population)}/expansions?limit=${limit}`;
    return Expansions.parse(await this.#api.call('GET', path)).expansions;
  }

  async expand(population: string, request: ExpansionRequest, watch: Watch): Promise<Audience> {
    const asked = await this.#ask(population, request, 5);
    const { id } = await this.#stateOf(asked, (state) => state === 'ready', watch);
    const { audience, report } = Download.parse(await this.#api.call('GET', `/expansions/${id}/download`));
    return {
      members: membersIn(await this.#api.fetchText(audience)),
      report: JSON.parse(await this.#api.fetchText(report)) as ExpansionReport,
    };
  }

  audiences(): LiveAudiences {
    return stackAudiences(this.#api, (population, ids) => this.#sendList(population, ids));
  }

  /** By the smallest expansion of the same request, which is forgotten then; `warn` is told where it could not be. */
  async explain(
    population: string,
    request: RankingOptions & Casting,
    userId: string,
    watch: Watch,
    warn: (sentence: string) => void,
  ): Promise<Explanation> {
    if (UNADDRESSABLE.has(userId))
      throw new Invalid(`expected an id that can stand in an address, got ${JSON.stringify(userId)}`);
    const smallest = { ...request, size: '1', candidates: 'all', evidence: 'none' } as const;
    const asking = this.#ask(population, smallest, 1);
    return thenForgotten(
      () => this.#forget(asking, warn),
      async () => {
        // One that runs over many functions is not waited for: the stack says at once that it gives no reasons.
        const { id } = await this.#stateOf(await asking, (state) => state !== 'waiting', watch);
        const path = `/expansions/${id}/members/${encodeURIComponent(userId)}`;
        return this.#inOwnNames(Explained.parse(await this.#api.call('GET', path)));
      },
    );
  }

  async seedReport(population: string, { seeds, drop, binary, seed }: SeedReportRequest): Promise<SeedReport> {
    const path = `/populations/${encodeURIComponent(population)}/seed-reports`;
    const body = { seeds: await this.#sendSeeds(population, seeds), drop, binary, seed };
    this.#names.set('body: seeds', seeds.source);
    try {
      const report = this.#inOwnNames(Reported.parse(await this.#api.call('POST', path, body)));
      // Each id was sent once.
      return { ...report, seeds: { ...report.seeds, duplicates: seeds.duplicates } };
    } catch (error) {
      if (error instanceof Invalid) throw new Invalid(this.#inOwnName(error.message), { cause: error });
      throw error;
    }
  }

  async #ask(population: string, request: ExpansionRequest, waitSeconds: number): Promise<AskedExpansion> {
    const { choices, seeds, exclude, exposed, unlike, ...options } = request;
    const lists = async (ids: IdList | undefined) => ids && this.#sendList(population, ids);
    const excluded: string[] = [];
    for (const ids of exclude) excluded.push(await this.#sendList(population, ids));
    const body = {
      ...options,
      ...choices,
      exclude: excluded,
      exposed: await lists(exposed),
      unlike: await lists(unlike),
      seeds: await this.#sendSeeds(population, seeds),
    };
    const path = `/populations/${encodeURIComponent(population)}/expansions`;
    const headers = { prefer: `wait=${waitSeconds}` };
    const asked = Expansion.parse(await this.#api.call('POST', path, body, headers));
    this.#names.set(`seeds/${asked.id.replace('~', '/')}.ndjson`, seeds.source);
    return asked;
  }

  /** The expansion once it has come so far. */
  async #stateOf(asked: AskedExpansion, isFar: (state: string) => boolean, watch: Watch): Promise<AskedExpansion> {
    let expansion = asked;
    for (;;) {
      const { id, state, progress, reason } = expansion;
      if (state === 'failed') throw new Invalid(this.#inOwnName(reason ?? 'the expansion failed'));
      if (isFar(state)) return expansion;
      watch(`the stack: ${progress?.stage ?? state}`, progress?.done ?? 0, progress?.total ?? 1);
      await pause(POLL_MS);
      expansion = Expansion.parse(await this.#api.call('GET', `/expansions/${id}`));
    }
  }

  async #forget(asking: Promise<AskedExpansion>, warn: (sentence: string) => void): Promise<void> {
    const asked = await asking.catch(() => undefined); // nothing was asked for
    if (!asked) return;
    try {
      await this.#api.call('DELETE', `/expansions/${asked.id}`);
    } catch (error) {
      if (!(error instanceof NotFound)) warn(`the expansion ${asked.id} stays in the stack, it could not be deleted`);
    }
  }

  /** Few enough stand in the body. */
  async #sendSeeds(population: string, seeds: IdList): Promise<readonly string[] | { readonly list: string }> {
    const isShort = seeds.ids.length <= MOST_INLINE_SEEDS && JSON.stringify(seeds.ids).length <= MOST_INLINE_LENGTH;
    return isShort ? seeds.ids : { list: await this.#sendList(population, seeds) };
  }

  /** Ids under a name that they decide, so that the same list is the same. */
  async #sendList(population: string, { ids, sha256, source }: IdList): Promise<string> {
    const list = `cli-${sha256.slice(0, 16)}.ndjson`;
    const path = `/populations/${encodeURIComponent(population)}/uploads`;
    const { files } = Opened.parse(await this.#api.call('POST', path, { list }));
    const [{ url = '' }] = files;
    await this.#api.send(url, ids.map((id) => `${JSON.stringify({ id })}\n`).join(''));
    this.#names.set(`seeds/${population}/lists/${list}`, source);
    return list;
  }

  #inOwnNames<Told extends { readonly warnings: readonly string[] }>(told: Told): Told {
    return { ...told, warnings: told.warnings.map((warning) => this.#inOwnName(warning)) };
  }

  /** A sentence that begins with a file that was sent, with the name that it has here. */
  #inOwnName(sentence: string): string {
    const [there, here] = [...this.#names].find(([name]) => sentence.startsWith(`${name}: `)) ?? ['', ''];
    return `${here}${sentence.slice(there.length)}`;
  }
}

function nameInBatch(path: string, n: number): string {
  return `${String(n).padStart(3, '0')}-${basename(path).replace(/[^\w.=-]/g, '_')}`;
}
