/** A stack that runs elsewhere, by its API: the same work as on this machine, with the same words. */
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sizeOfFile } from '#adapters/formats/input-file.ts';
import { type SignedApi, signedApi } from '#adapters/signed-api.ts';
import { stackAddress } from '#adapters/stack-address.ts';
import { membersIn } from '#application/audience-files.ts';
import type { Audience, ExpansionReport, ExpansionRequest } from '#application/audience-report.ts';
import { Invalid } from '#application/errors.ts';
import { MOST_INLINE_SEEDS } from '#application/expansion/requested-expansion.ts';
import type { IdList } from '#application/id-list.ts';
import type { PopulationSummary } from '#application/population.ts';
import type { Watch } from '#application/ports.ts';
import type { TrainingReport } from '#application/train-population.ts';
import type { TrainingOptions } from '#application/training.ts';
import { PART_BYTES } from '#application/upload/requested-transfer.ts';
import type { CloseBody } from '#application/upload/requested-upload.ts';
import { ROUTES } from '#functions/api-routes.ts';
import { transferFile } from './file-transfer.ts';

export const STACK_HELP =
  "work in a stack: its name in CloudFormation, local for the one of npm start, or its API's address";

const POLL_MS = 1_000;
/** Longer lists of seeds go as a file: a body has its limit in bytes. */
const MOST_INLINE_LENGTH = 1_000_000;

const { answer: Populations } = ROUTES.populations;
const Population = Populations.shape.populations.element;
const { answer: Opened } = ROUTES.openUpload;
const { answer: Upload } = ROUTES.upload;
const { answer: Expansion } = ROUTES.expansion;
const { answer: Download } = ROUTES.download;

export class DeployedStack {
  readonly #api: SignedApi;

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

  async expand(population: string, request: ExpansionRequest, watch: Watch): Promise<Audience> {
    const { choices, seeds, exclude, exposed, unlike, ...options } = request;
    const lists = async (ids: IdList | undefined) => ids && this.#sendList(population, ids);
    const excluded: string[] = [];
    for (const ids of exclude) excluded.push(await this.#sendList(population, ids));
    const isShort = seeds.ids.length <= MOST_INLINE_SEEDS && JSON.stringify(seeds.ids).length <= MOST_INLINE_LENGTH;
    const body = {
      ...options,
      ...choices,
      exclude: excluded,
      exposed: await lists(exposed),
      unlike: await lists(unlike),
      seeds: isShort ? seeds.ids : { list: await this.#sendList(population, seeds) },
    };
    const path = `/populations/${encodeURIComponent(population)}/expansions`;
    let expansion = Expansion.parse(await this.#api.call('POST', path, body, { prefer: 'wait=5' }));
    while (expansion.state !== 'ready') {
      const { state, progress, reason } = expansion;
      if (state === 'failed') throw new Invalid(reason ?? 'the expansion failed');
      watch(`the stack: ${progress?.stage ?? state}`, progress?.done ?? 0, progress?.total ?? 1);
      await pause(POLL_MS);
      expansion = Expansion.parse(await this.#api.call('GET', `/expansions/${expansion.id}`));
    }
    const { audience, report } = Download.parse(await this.#api.call('GET', `/expansions/${expansion.id}/download`));
    return {
      members: membersIn(await this.#api.fetchText(audience)),
      report: JSON.parse(await this.#api.fetchText(report)) as ExpansionReport,
    };
  }

  /** Ids under a name that they decide, so that the same list is the same. */
  async #sendList(population: string, { ids, sha256 }: IdList): Promise<string> {
    const list = `cli-${sha256.slice(0, 16)}.ndjson`;
    const path = `/populations/${encodeURIComponent(population)}/uploads`;
    const { files } = Opened.parse(await this.#api.call('POST', path, { list }));
    const [{ url = '' }] = files;
    await this.#api.send(url, ids.map((id) => `${JSON.stringify({ id })}\n`).join(''));
    return list;
  }
}

function nameInBatch(path: string, n: number): string {
  return `${String(n).padStart(3, '0')}-${basename(path).replace(/[^\w.=-]/g, '_')}`;
}
