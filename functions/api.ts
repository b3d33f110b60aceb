import { listExpansions } from '#application/expansion/list-expansions.ts';
import {
  downloadOf,
  expansionStatus,
  forgetExpansion,
  forgetPopulation,
  membersOf,
  requestExpansion,
} from '#application/expansion/requested-expansion.ts';
import { beginAudience, forgetAudience, liveStatus } from '#application/live/live-audience.ts';
import { listPopulations, statusAtHand } from '#application/population.ts';
import { listUploads } from '#application/upload/list-uploads.ts';
import { endTransfer, partsOf } from '#application/upload/requested-transfer.ts';
import { closeUpload, openUpload, uploadStatus } from '#application/upload/requested-upload.ts';
import { type Answer, type Handlers, http, Refused } from './http.ts';
import { openApi } from './open-api.ts';
import type { FunctionPorts } from './ports.ts';

/** API Gateway gives up after 29 seconds. */
const MOST_WAIT_SECONDS = 20;
/** At first; each look comes half as late again. */
const POLL_MS = 500;
const MOST_POLL_MS = 3_000;

export const HANDLERS = {
  async populations(ports) {
    return { body: { populations: await listPopulations(ports) } };
  },

  async population(ports, { at }) {
    return { body: await statusAtHand(ports, at.population) };
  },

  async deletePopulation(ports, { at }) {
    await forgetPopulation(ports, at.population);
    return {};
  },

  async openUpload(ports, { at, body }) {
    return { body: await openUpload(ports, at.population, body) };
  },

  async parts({ transfers }, { at, query }) {
    return { body: await partsOf(transfers, at, query) };
  },

  async endTransfer({ transfers }, { at, body }) {
    return { body: await endTransfer(transfers, at, body) };
  },

  async uploads(ports, { at, query }) {
    return { body: { uploads: await listUploads(ports, at.population, query.limit) } };
  },

  async closeUpload(ports, { at, body, root }) {
    const { population, batch } = at;
    await closeUpload(ports, { population, batch }, body);
    const headers = { location: `${root}/populations/${population}/uploads/${batch}` };
    return { body: { population, batch, state: 'closed' }, headers };
  },

  async upload(ports, { at }) {
    return { body: await uploadStatus(ports, at) };
  },

  async expansions(ports, { at, query }) {
    return { body: { expansions: await listExpansions(ports, at.population, query.limit) } };
  },

  async requestExpansion(ports, { at, body, sent, headers, root }) {
    const { 'idempotency-key': key, prefer } = headers;
    const asked = await requestExpansion(ports, at.population, body, key === undefined ? undefined : { key, sent });
    if (asked === 'another body')
      throw new Refused(422, 'expected the body that came first with this Idempotency-Key, got another one');
    const answer = await statusWithin(ports, asked.id, prefer);
    return { ...answer, headers: { ...answer.headers, location: `${root}/expansions/${asked.id}` } };
  },

  async expansion(ports, { at, headers }) {
    const answer = await statusWithin(ports, at.id, headers.prefer);
    return { ...answer, status: 200 };
  },

  async deleteExpansion(ports, { at }) {
    await forgetExpansion(ports, at.id, Date.now());
    return {};
  },

  async members(ports, { at, query }) {
    return { body: await membersOf(ports, at.id, query.cursor, query.limit) };
  },

  async download(ports, { at }) {
    return { body: await downloadOf(ports, ports.links, at.id) };
  },

  async beginAudience(ports, { at }) {
    const isNew = await beginAudience(ports, at);
    return { status: isNew ? 201 : 200, body: await liveStatus(ports, at) };
  },

  async audience(ports, { at }) {
    return { body: await liveStatus(ports, at) };
  },

  async forgetAudience(ports, { at }) {
    await forgetAudience(ports, at);
    return {};
  },

  async openApi() {
    return { body: openApi() };
  },
} satisfies Handlers;

/** A partner's call that needs no worker. */
export const handler = http(HANDLERS);

/** RFC 7240: 200 with the result if it is there in time, 202 if it is not. */
async function statusWithin(ports: FunctionPorts, id: string, prefer = ''): Promise<Answer> {
  const wanted = Number(/(?:^|[,;\s])wait=(\d{1,6})(?=$|[,;\s])/.exec(prefer)?.[1] ?? 0);
  const deadline = Date.now() + 1_000 * Math.min(wanted, MOST_WAIT_SECONDS);
  for (let pause = POLL_MS; ; pause = Math.min(1.5 * pause, MOST_POLL_MS)) {
    const body = await expansionStatus(ports, id);
    const hasEnded = body.state === 'ready' || body.state === 'failed';
    if (hasEnded || Date.now() >= deadline) return { status: hasEnded ? 200 : 202, body };
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, Math.max(0, deadline - Date.now()))));
  }
}
