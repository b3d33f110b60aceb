/**
 * A partner under the fault schedule: uploads, expands, forgets, asks again and cancels by calls of the API, and calls again
 * where no answer came.
 */

import { NotFound } from '#application/errors.ts';
import { expandDrop } from '#application/expansion/expand-drop.ts';
import {
  ExpansionBody,
  expansionStatus,
  forgetExpansion,
  forgetPopulation,
  membersOf,
  requestExpansion,
} from '#application/expansion/requested-expansion.ts';
import type { Settings } from '#application/settings.ts';
import { noticeUpload } from '#application/upload/notice-upload.ts';
import { CloseBody, closeUpload, uploadStatus } from '#application/upload/requested-upload.ts';
import type { Stage } from './conductor.ts';
import { OPTIONS, PEOPLE, passed, quietly, type Seen, type Weather } from './fault-schedule.ts';
import { groupIds } from './people.ts';

const BATCH = { population: 'people', batch: 'b1' };
const BODY = ExpansionBody.parse({ ...OPTIONS, seeds: groupIds(30) });

interface Site {
  readonly stage: Stage;
  readonly settings: Settings;
  readonly weather: Weather;
}

/** Calls of the API from the first to the last: everything that was asked for is forgotten in the end. */
export async function byCalls(stage: Stage, settings: Settings, weather: Weather): Promise<Seen> {
  const site = { stage, settings, weather };
  const call = <T>(work: () => Promise<T>) => weather.invoke(work);
  const { ports } = stage;
  await quietly(stage, 'populations/people/b1/people.ndjson', PEOPLE);
  await call(() => closeUpload(ports, BATCH, CloseBody.parse({})));
  await noticed(site);
  const { state: upload, users } = Object(await call(() => uploadStatus(ports, BATCH)));

  const id = await asked(site, 'spring');
  const isSame = (await asked(site, 'spring')) === id;
  await expanded(site);
  const { state, reason } = await call(() => expansionStatus(ports, id));
  const audience = await membersRead(site, id);
  const audiences = (await stage.plain.objects.list('audiences/')).filter((name) => name.endsWith('.csv')).length;

  await forgotten(site, () => forgetExpansion(ports, id, Date.now()));
  const left = await stage.plain.objects.list('audiences/');
  const anew = (await asked(site, 'spring')) === id;
  await expanded(site);
  const second = await membersRead(site, id);
  const cancelled = await asked(site, 'summer');
  await dropped(site);
  await forgotten(site, () => forgetExpansion(ports, cancelled, Date.now()));
  await stage.settle();
  const known = await stage.plain.objects.list('audiences/');
  await forgotten(site, () => forgetPopulation(ports, 'people'));
  const forgot = (await stage.plain.objects.list('')).filter((name) => !/^(?:populations|parts)\//.test(name));
  return {
    upload,
    users,
    campaign: state,
    reason,
    audience,
    audiences,
    told: JSON.stringify({
      isSame,
      anew,
      isSecondRight: second === audience,
      left,
      forgot,
      known,
      what: [...new Set(stage.announced.map(({ what }) => what))],
    }),
  };
}

/** The id of an expansion. */
async function asked({ stage, weather }: Site, key: string): Promise<string> {
  const answer = await weather.invoke(() => requestExpansion(stage.ports, 'people', BODY, { key, sent: BODY }));
  if (answer === 'another body') throw new Error('expected an id, got another body');
  return answer.id;
}

/** Whoever asks again after no answer came may be told that it is gone already. */
async function forgotten({ weather }: Site, forget: () => Promise<void>): Promise<void> {
  await weather.invoke(forget).catch((error: unknown) => {
    if (!(error instanceof NotFound)) throw error;
  });
}

/** The events of what a call wrote below the batch. */
async function noticed({ stage, settings, weather }: Site): Promise<void> {
  for (const name of await stage.plain.objects.list('populations/people/'))
    await weather.invoke(() => noticeUpload(stage.ports, settings, name, Date.now())).catch(passed);
  await stage.settle();
}

/** The events of the seed files that lie there; told again, nothing is done again. */
async function dropped({ stage, settings, weather }: Site): Promise<void> {
  for (const name of await stage.plain.objects.list('seeds/people/'))
    await weather.invoke(() => expandDrop(stage.ports, settings, name, 'message', Date.now())).catch(passed);
}

async function expanded(site: Site): Promise<void> {
  await dropped(site);
  await site.stage.settle();
}

async function membersRead({ stage, weather }: Site, id: string): Promise<string | undefined> {
  return weather
    .invoke(() => membersOf(stage.ports, id, undefined, 1_000))
    .then(
      ({ members }) => JSON.stringify(members),
      () => undefined,
    );
}
