/** An audience as files: the list, the report, and the manifest that lets anybody make the same bytes again. */

import type { Audience, ExpansionRequest, Member } from './audience-report.ts';
import { CODE_VERSION } from './code-version.ts';
import { sha256Of } from './digest.ts';
import { Invalid, NotFound } from './errors.ts';
import type { EvidenceLevel } from './evidence.ts';
import { audiencePrefix, type Population } from './population.ts';
import type { ObjectStore } from './ports.ts';
import { DEFAULT_EFFORT } from './ranking-options.ts';
import type { Settings } from './settings.ts';

/** What went in and came out, by SHA-256. The same manifest but for the output means the same output. */
export interface AudienceManifest {
  readonly code: string;
  readonly population: string;
  readonly generation: number;
  readonly users: readonly string[];
  readonly seeds: string;
  readonly exclude: readonly string[];
  readonly exposed?: string | undefined;
  readonly unlike?: string | undefined;
  readonly ranker: Audience['report']['ranker'];
  readonly dropped: readonly string[];
  readonly binary: boolean;
  readonly seed: number;
  readonly effort: number;
  readonly evidence: EvidenceLevel;
  readonly baseRate?: number | undefined;
  readonly size: number;
  /** Who was looked at, and every setting there was. */
  readonly candidates: Audience['report']['retrieval']['used'];
  readonly settings: Settings;
  readonly audience: string;
}

/** `rank,user_id,score`, best first; scores are written in full. */
export function* audienceCsv(members: Iterable<Member>): Generator<string> {
  yield HEADER;
  for (const { rank, userId, score } of members) yield `${rank},${csvCell(userId)},${score}\n`;
}

export interface AudiencePage {
  readonly members: readonly Member[];
  /** Where the next page begins; nothing after the last. */
  readonly next: string | undefined;
}

const HEADER = 'rank,user_id,score\n';
const PAGE_CHUNK_BYTES = 256 * 1024;
/** More than any member: an id has 1,024 characters at most. */
const MOST_RECORD_BYTES = 64 * 1024;
/** What a function may answer with is 6 MB. */
const MOST_PAGE_BYTES = 2 * 1024 * 1024;
const CURSOR = /^(\d{1,12})-(\d{1,15})$/;

/** At most `limit` members of an audience file; a cursor names the rank that comes next, and the byte where it stands. */
export async function audiencePageOf(
  objects: ObjectStore,
  name: string,
  cursor = `1-${HEADER.length}`,
  limit: number,
): Promise<AudiencePage> {
  const [, first, start] = CURSOR.exec(cursor) ?? [];
  if (first === undefined) throw strangeCursor(cursor);
  const members: Member[] = [];
  let [at, rank] = [Number(start), Number(first)];
  for await (const { cells, end } of recordsFrom(objects, name, at)) {
    if (cells === undefined) throw strangeCursor(cursor);
    if (members.length === limit || end - Number(start) > MOST_PAGE_BYTES) return { members, next: `${rank}-${at}` };
    const [place, userId, score] = cells;
    if (cells.length !== 3 || place !== String(rank)) throw strangeCursor(cursor);
    members.push({ rank, userId, score: Number(score) });
    rank++;
    at = end;
  }
  if (members.length === 0) throw strangeCursor(cursor);
  return { members, next: undefined };
}

/** The members of a whole audience file. */
export function membersIn(csv: string): Member[] {
  const bytes = new TextEncoder().encode(csv);
  const decoder = new TextDecoder();
  const members: Member[] = [];
  let at = HEADER.length;
  for (let end = endOfRecord(bytes, at); end > 0; end = endOfRecord(bytes, at)) {
    const [rank, userId, score] = cellsOf(decoder.decode(bytes.subarray(at, end - 1)));
    members.push({ rank: Number(rank), userId, score: Number(score) });
    at = end;
  }
  return members;
}

function strangeCursor(cursor: string): Invalid {
  return new Invalid(`expected the cursor that the page before gave as next, got ${JSON.stringify(cursor)}`);
}

/** The records of `audienceCsv` from a byte on, each with the byte where it ends; no cells where there can be no record. */
async function* recordsFrom(objects: ObjectStore, name: string, start: number) {
  const decoder = new TextDecoder();
  let [bytes, from] = [new Uint8Array(), start];
  for (;;) {
    const chunk = await bytesFrom(objects, name, from + bytes.length);
    if (chunk.length === 0) return;
    bytes = await joined([bytes, chunk]);
    let at = 0;
    for (let end = endOfRecord(bytes, at); end > 0; end = endOfRecord(bytes, at)) {
      yield { cells: cellsOf(decoder.decode(bytes.subarray(at, end - 1))), end: from + end };
      at = end;
    }
    bytes = bytes.subarray(at);
    from += at;
    if (bytes.length > MOST_RECORD_BYTES) yield { cells: undefined, end: from };
  }
}

async function bytesFrom(objects: ObjectStore, name: string, start: number): Promise<Uint8Array> {
  const stream = await objects.stream(name, start, start + PAGE_CHUNK_BYTES);
  if (!stream) throw new NotFound(`${name}: expected the audience that was written, but it is gone`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return joined(chunks);
}

async function joined(chunks: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(chunks.map((chunk) => Uint8Array.from(chunk))).arrayBuffer());
}

/** After the line end that is not between quotes; 0 where there is none yet. */
function endOfRecord(bytes: Uint8Array, start: number): number {
  let isQuoted = false;
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === 0x22) isQuoted = !isQuoted;
    else if (bytes[at] === 0x0a && !isQuoted) return at + 1;
  }
  return 0;
}

function cellsOf(record: string): string[] {
  const cells = record.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,"]*)(?=,|$)/g) ?? [];
  return cells.map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
}

/** RFC 4180: quoted where a comma, a quote, a line end or an outer space would be misread. */
export function csvCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export async function manifestOfAudience(
  settings: Settings,
  population: Pick<Population, 'name' | 'generation' | 'sha256'>,
  request: ExpansionRequest,
  { members, report }: Audience,
): Promise<AudienceManifest> {
  return {
    code: CODE_VERSION,
    population: population.name,
    generation: population.generation,
    users: population.sha256,
    seeds: request.seeds.sha256,
    exclude: request.exclude.map(({ sha256 }) => sha256),
    exposed: request.exposed?.sha256,
    unlike: request.unlike?.sha256,
    ranker: report.ranker,
    dropped: report.dropped,
    binary: report.binary,
    seed: report.seed,
    effort: request.effort ?? DEFAULT_EFFORT,
    evidence: request.evidence ?? 'short',
    baseRate: request.baseRate,
    size: report.size,
    candidates: report.retrieval.used,
    settings,
    audience: await sha256Of([...audienceCsv(members)].join('')),
  };
}

/** Writes audience.csv, report.json and manifest.json under a name that the request alone decides; returns their names. */
export async function saveAudience(
  objects: ObjectStore,
  settings: Settings,
  population: Pick<Population, 'name' | 'generation' | 'sha256'>,
  request: ExpansionRequest,
  audience: Audience,
): Promise<{ readonly audience: string; readonly report: string; readonly manifest: string }> {
  const manifest = await manifestOfAudience(settings, population, request, audience);
  const { audience: _output, ...inputs } = manifest;
  const expansion = (await sha256Of(JSON.stringify(inputs))).slice(0, 12);
  const folder = `${audiencePrefix(population.name)}${expansion}/`;
  const encoder = new TextEncoder();
  const names = {
    audience: `${folder}audience.csv`,
    report: `${folder}report.json`,
    manifest: `${folder}manifest.json`,
  };
  await objects.write(names.audience, encoder.encode([...audienceCsv(audience.members)].join('')));
  await objects.write(names.report, encoder.encode(`${JSON.stringify(audience.report, null, 2)}\n`));
  await objects.write(names.manifest, encoder.encode(`${JSON.stringify(manifest, null, 2)}\n`));
  return names;
}
