/** An audience as files: the list, the report, and the manifest that lets anybody make the same bytes again. */

import type { Audience, ExpansionRequest, Member } from './audience-report.ts';
import { sha256Of } from './digest.ts';
import type { EvidenceLevel } from './evidence.ts';
import { audiencePrefix, type Population } from './population.ts';
import type { ObjectStore } from './ports.ts';
import { DEFAULT_EFFORT } from './ranking-options.ts';
import type { Settings } from './settings.ts';

/** The version of this code, as in package.json. */
export const CODE_VERSION = '0.1.0';

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
  yield 'rank,user_id,score\n';
  for (const { rank, userId, score } of members) yield `${rank},${csvCell(userId)},${score}\n`;
}

/** RFC 4180: quoted where a comma, a quote, a line end or an outer space would be misread. */
function csvCell(text: string): string {
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
