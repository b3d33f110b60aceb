/**
 * One fault in an upload and an expansion: a call of a port that fails, is late, is made twice, or whose process dies before
 * or after it. Functions are invoked again where they fail, as queues and state machines do.
 */
import { expandDrop } from '#application/expansion/expand-drop.ts';
import type { StepPorts } from '#application/ports.ts';
import type { Settings } from '#application/settings.ts';
import { isCallers } from '#application/step-failure.ts';
import { noticeUpload } from '#application/upload/notice-upload.ts';
import { drop, ndjsonOf, type Stage, stageWith, textOf } from './conductor.ts';
import { groupedPeople, groupIds, SETTINGS } from './people.ts';

export const FAULTS = ['fails', 'is late', 'is made twice', 'dies before', 'dies after'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Trial {
  readonly fault: Fault;
  /** The call that it happens to, counted from 0. */
  readonly at: number;
}

export interface Outcome {
  /** `right` at once; `mended`: failed with a reason, and right when it was dropped again. */
  readonly verdict: 'right' | 'mended' | 'wrong';
  readonly why: string;
  /** The call that was hit, such as `ledger.write`. */
  readonly call: string;
  readonly calls: number;
}

export const PEOPLE = ndjsonOf(groupedPeople(120));
const SEEDS = `${groupIds(30).join('\n')}\n`;
export const OPTIONS = { size: 20, ranker: 'similarity', evidence: 'none' };

/** Small enough that everything is cut: files, shards, expansions. */
export const CUT: Settings = { ...SETTINGS, maxShardUsers: 60, expandUsers: 0, minSeeds: 5 };
export const WHOLE: Settings = { ...CUT, expandUsers: 1_000 };

/** Ports whose calls are counted, and hit by the fault that is due. */
const PORTS = ['objects', 'catalog', 'buckets', 'ledger', 'workflows', 'announcements'] as const;

/** A queue and a state machine try again as often as that. */
const TRIES = 4;

const LATE_MS = 5;

export class Weather {
  readonly names: string[] = [];
  readonly #trial: Trial | undefined;
  #die: () => void = () => {};

  constructor(trial: Trial | undefined) {
    this.#trial = trial;
  }

  around(ports: StepPorts): StepPorts {
    const changed = PORTS.map((name) => [name, this.#wrapped(name, ports[name])]);
    return { ...ports, ...Object.fromEntries(changed) };
  }

  /** A function that may die in the middle: whatever it waits for never comes, and it is invoked again. */
  invoke = async <T>(step: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      const death = Promise.withResolvers<'died'>();
      this.#die = () => death.resolve('died');
      try {
        const result = await Promise.race([step().then((value) => ({ value })), death.promise]);
        if (result !== 'died') return result.value;
      } catch (error) {
        if (isCallers(error) || tries === TRIES) throw error;
      }
    }
  };

  #wrapped(port: string, methods: object): object {
    const entries = Object.entries(methods).map(([name, method]) => {
      if (typeof method !== 'function') return [name, method];
      return [name, (...args: unknown[]) => this.#call(`${port}.${name}`, () => method.apply(methods, args))];
    });
    return Object.fromEntries(entries);
  }

  async #call(name: string, call: () => Promise<unknown>): Promise<unknown> {
    this.names.push(name);
    const { fault, at } = this.#trial ?? {};
    if (this.names.length - 1 !== at) return call();
    if (fault === 'fails') throw new Error(`a fault in ${name}`);
    if (fault === 'is late') await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    if (fault === 'is made twice' || fault === 'dies after') await call();
    if (fault === 'dies before' || fault === 'dies after') {
      this.#die();
      return new Promise(() => {});
    }
    return call();
  }
}

/** What there is to see of a way in its end. */
export interface Seen {
  readonly upload: string;
  readonly users: number | undefined;
  readonly campaign: string;
  readonly reason: string | undefined;
  readonly audience: string | undefined;
  /** How many there are. */
  readonly audiences: number;
  readonly told: string;
}

/** An upload and an expansion, from nothing to what is seen then. */
export interface Way {
  readonly settings: Settings;
  /** Played again, only what failed is asked for again. */
  readonly play: (stage: Stage, settings: Settings, weather: Weather) => Promise<Seen>;
}

/** A way without a fault: what is right, and every call in its order. */
export async function calmly({
  settings,
  play,
}: Way): Promise<{ readonly seen: Seen; readonly calls: readonly string[] }> {
  const weather = new Weather(undefined);
  const stage = stageWith(settings, (ports) => weather.around(ports), weather.invoke);
  const seen = await play(stage, settings, weather);
  return { seen, calls: weather.names };
}

export async function tried({ settings, play }: Way, trial: Trial, right: Seen): Promise<Outcome> {
  const weather = new Weather(trial);
  const stage = stageWith(settings, (ports) => weather.around(ports), weather.invoke);
  const seen = await play(stage, settings, weather);
  const outcome = { call: weather.names[trial.at] ?? 'none', calls: weather.names.length };
  if (JSON.stringify(seen) === JSON.stringify(right)) return { verdict: 'right', why: '', ...outcome };
  const isClear = [seen.upload, seen.campaign].every((state) => ['done', 'ready', 'failed'].includes(state));
  const why = JSON.stringify({ ...seen, audience: seen.audience?.length });
  if (!isClear) return { verdict: 'wrong', why, ...outcome };
  const again = await play(stage, settings, weather);
  const isRight = again.audience === right.audience && again.users === right.users && again.audiences === 1;
  return { verdict: isRight ? 'mended' : 'wrong', why, ...outcome };
}

/** Files that somebody drops. */
export async function byFiles(stage: Stage, settings: Settings, weather: Weather): Promise<Seen> {
  if ((await seenIn(stage)).upload !== 'done') await uploaded(stage, settings, weather);
  await expanded(stage, settings, weather);
  return seenIn(stage);
}

async function uploaded(stage: Stage, settings: Settings, { invoke }: Weather): Promise<void> {
  await quietly(stage, 'populations/people/b1/people.ndjson', PEOPLE);
  await quietly(stage, 'populations/people/b1/_SUCCESS', '');
  const name = 'populations/people/b1/_SUCCESS';
  await invoke(() => noticeUpload(stage.ports, settings, name, Date.now())).catch(passed);
  await stage.settle();
}

async function expanded(stage: Stage, settings: Settings, { invoke }: Weather): Promise<void> {
  await quietly(stage, 'seeds/people/spring.json', JSON.stringify(OPTIONS));
  await quietly(stage, 'seeds/people/spring.csv', SEEDS);
  const name = 'seeds/people/spring.csv';
  await invoke(() => expandDrop(stage.ports, settings, name, 'message', Date.now())).catch(passed);
  await stage.settle();
}

/** What somebody drops, whom no fault hits. */
export async function quietly(stage: Stage, name: string, content: string): Promise<void> {
  await drop({ ...stage.ports, objects: stage.plain.objects }, name, content);
}

/** Told to the caller, and nobody is tried again. */
export function passed(error: unknown): void {
  if (!isCallers(error)) throw error;
}

async function seenIn({ plain, announced }: Stage): Promise<Seen> {
  const { objects } = plain;
  const at = async (name: string) =>
    (await objects.list(name)).includes(name) ? JSON.parse(await textOf(objects, name)) : {};
  const { state: upload = 'none', users } = await at('populations/people/b1/_STATUS.json');
  const { state: campaign = 'none', reason, audience } = await at('audiences/people/spring.json');
  const audiences = (await objects.list('audiences/people/')).filter((name) => name.endsWith('/audience.csv'));
  return {
    upload,
    users,
    campaign,
    reason,
    audience: audience === undefined ? undefined : await textOf(objects, audience),
    audiences: audiences.length,
    // Told again after a failure, somebody is told once more rather than never.
    told: [...new Set(announced.map(({ what }) => what))].join(', '),
  };
}
