/** A large file on its way to a stack in parts, each of which is sent again where it breaks. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SignedApi } from '#adapters/signed-api.ts';
import type { Transfer } from '#application/upload/requested-transfer.ts';
import { ROUTES } from '#functions/api-routes.ts';

export interface SentFile {
  readonly path: string;
  readonly bytes: number;
  /** The file in the API: `/populations/shop/uploads/b1/files/users.ndjson`. */
  readonly place: string;
  readonly transfer: Transfer;
}

const { answer: Parts } = ROUTES.parts;

/** So many addresses are asked for at once: they are used up long before they expire. */
const PAGE = 100;
const MOST_TRIES = 5;
const PAUSE_MS = 500;

/** Part by part, so that never more than a piece of one is in memory; `sent` is told of the bytes so far. */
export async function transferFile(api: SignedApi, file: SentFile, sent: (bytes: number) => void): Promise<void> {
  const { place, transfer } = file;
  const addresses = new Map<number, string>();
  const tags: string[] = [];
  for (let part = 1; part <= transfer.parts; part++) {
    if (!addresses.has(part)) await askForAddresses(api, file, part, addresses);
    tags.push(await sentPart(api, file, part, addresses, sent));
  }
  await api.call('PUT', place, { transfer: transfer.id, tags });
}

async function sentPart(
  api: SignedApi,
  file: SentFile,
  part: number,
  addresses: Map<number, string>,
  sent: (bytes: number) => void,
): Promise<string> {
  const { partBytes } = file.transfer;
  const start = (part - 1) * partBytes;
  const piece = { path: file.path, start, end: Math.min(start + partBytes, file.bytes) };
  for (let tries = 1; ; tries++) {
    try {
      return await api.send(addresses.get(part) ?? '', piece, (bytes) => sent(start + bytes));
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      await pause(PAUSE_MS * tries);
      // The address may have expired meanwhile.
      await askForAddresses(api, file, part, addresses);
    }
  }
}

async function askForAddresses(
  api: SignedApi,
  { place, transfer }: SentFile,
  from: number,
  addresses: Map<number, string>,
): Promise<void> {
  const count = Math.min(PAGE, transfer.parts - from + 1);
  const query = new URLSearchParams({ transfer: transfer.id, from: String(from), count: String(count) });
  const { parts } = Parts.parse(await api.call('GET', `${place}/parts?${query.toString()}`));
  for (const { part, url } of parts) addresses.set(part, url);
}
