/**
 * Who refreshes a live audience, and when: one mark on record, one message on its way. Nothing runs while nothing changes, and
 * a message that is lost is sent again by whoever next finds it overdue.
 */
import * as z from 'zod';
import type { LivePorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { changeLive, type LiveAudience, type LiveRecord, type Pending } from './live-audience.ts';

/** What the message says. */
export const RefreshRequest = z.object({
  population: z.string(),
  audience: z.string(),
  life: z.string(),
  token: z.string(),
});
export type RefreshRequest = z.infer<typeof RefreshRequest>;

/** A queue is seldom seconds late; a message that is later than that may be lost. */
const OVERDUE_MS = 60_000;

/** Longer than a function may run, and than it takes to try again after it died. */
const LEASE_MS = 20 * 60_000;

/** Whether what was there when the mark was set will be seen to. */
function isAwaited({ due, takenAt }: Pending, now: number): boolean {
  return takenAt === undefined ? now <= due + OVERDUE_MS : now <= takenAt + LEASE_MS;
}

/** Asks for a refresh that sees what is there now, unless one is on its way. */
export function askForNewSeeds(ports: LivePorts, settings: Settings, at: LiveAudience, life: string, now: number) {
  const isCovered = ({ pending }: LiveRecord) => pending && pending.takenAt === undefined && isAwaited(pending, now);
  return ask(ports, at, life, now, settings.refreshSeconds, (record) => !isCovered(record));
}

/** Asks again for a refresh that is overdue. */
export function askForOverdue(ports: LivePorts, settings: Settings, at: LiveAudience, life: string, now: number) {
  const isOverdue = ({ pending }: LiveRecord) => pending !== undefined && !isAwaited(pending, now);
  return ask(ports, at, life, now, settings.refreshSeconds, isOverdue);
}

/** Asks for a refresh by points of another generation, unless one comes as soon as that or is under way. */
export function askForGeneration(ports: LivePorts, at: LiveAudience, life: string, now: number, delaySeconds: number) {
  const isSoon = ({ pending }: LiveRecord) =>
    pending && isAwaited(pending, now) && pending.due <= now + 1_000 * delaySeconds;
  return ask(ports, at, life, now, delaySeconds, (record) => !isSoon(record));
}

async function ask(
  { ledger, messages }: LivePorts,
  at: LiveAudience,
  life: string,
  now: number,
  delaySeconds: number,
  isNeeded: (record: LiveRecord) => boolean,
): Promise<LiveRecord> {
  const fresh = crypto.randomUUID();
  let token = '';
  const record = await changeLive(ledger, at, (found) => {
    const { pending } = found;
    const isOwn = pending?.token === fresh; // it was written before, and the answer was lost
    token = isOwn ? fresh : '';
    if (isOwn || found.life !== life || !isNeeded(found)) return undefined;
    // The same name for the same refresh: should both messages come, the second is known.
    token = pending && pending.takenAt === undefined ? pending.token : fresh;
    return { ...found, pending: { token, due: now + 1_000 * delaySeconds } };
  });
  if (token === '') return record;
  const { population, audience } = at;
  const request: RefreshRequest = { population, audience, life, token };
  try {
    await messages.send(request, delaySeconds);
  } catch (error) {
    await markOverdue({ ledger }, request);
    throw error;
  }
  return record;
}

/** A refresh that nobody is going to make: whoever comes next asks for it anew. */
export async function markOverdue({ ledger }: Pick<LivePorts, 'ledger'>, request: RefreshRequest): Promise<void> {
  const { life, token } = request;
  await changeLive(ledger, request, (record) =>
    record.life === life && record.pending?.token === token ? { ...record, pending: { token, due: 0 } } : undefined,
  );
}

/** Takes the refresh that the message asks for; undefined where it was made before, or the audience is gone. */
export async function takeRefresh(
  { ledger }: LivePorts,
  request: RefreshRequest,
  now: number,
): Promise<LiveRecord | undefined> {
  let isTaken = false;
  const record = await changeLive(ledger, request, (found) => {
    isTaken = found.life === request.life && found.pending?.token === request.token;
    return isTaken && found.pending ? { ...found, pending: { ...found.pending, takenAt: now } } : undefined;
  });
  return isTaken ? record : undefined;
}

/** Asks for a refresh that is made at once, by whoever asks. */
export async function refreshByHand(
  { ledger }: Pick<LivePorts, 'ledger'>,
  at: LiveAudience,
  now: number,
): Promise<RefreshRequest> {
  const token = crypto.randomUUID();
  const { life } = await changeLive(ledger, at, (found) =>
    found.life === '' ? undefined : { ...found, pending: { token, due: now } },
  );
  return { ...at, life, token };
}
