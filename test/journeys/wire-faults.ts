/**
 * One fault in the stack's real processes: a call that a function makes over the wire, to S3, DynamoDB, Step Functions or
 * EventBridge, is answered 500, is late, is made twice because its answer was lost, or its process is killed before it or
 * right after it.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';
import { AwsFault, type Call } from '#infra/local/aws-service.ts';
import { groupIds } from '../application/people.ts';
import type { LocalSite, Observe } from './local-site.ts';

export const FAULTS = ['is answered 500', 'is late', 'is made twice', 'is killed before', 'is killed after'] as const;
export type Fault = (typeof FAULTS)[number];

export const WORKS = ['upload', 'expansion'] as const;
export type Work = (typeof WORKS)[number];

/** The call of that number, from 0, of all that a function makes while the work is done. */
export interface Trial {
  readonly work: Work;
  readonly fault: Fault;
  readonly caller: string;
  readonly at: number;
}

export interface Outcome extends Trial {
  /** `right` at once; `mended`: failed with a reason, and right when it was dropped again; `missed`: fewer calls were made. */
  readonly verdict: 'right' | 'mended' | 'wrong' | 'missed';
  readonly action: string;
  readonly why: string;
}

/** Everything is cut into two, and closed by `_SUCCESS`. */
export const SETTINGS = {
  AKIN_QUIET_SECONDS: '1',
  AKIN_EXPAND_USERS: '50',
  AKIN_MAX_SHARD_USERS: '60',
  AKIN_MIN_SEEDS: '5',
  AKIN_DIMENSIONS: '8',
  AKIN_HASHES: '16',
};

const LATE_MS = 500;
const SEEDS = `${groupIds(30).join('\n')}\n`;

export class WireFaults {
  readonly #site: LocalSite;
  readonly #people: string;
  #expansions = 0;
  #failures = 0;
  readonly #told = new Set<string>();
  #populations = 0;

  constructor(site: LocalSite, people: string) {
    this.#site = site;
    this.#people = people;
  }

  /** Without a fault: the right audience, and how many calls each function makes over the wire. */
  async calmly() {
    const upload = new Wire(this.#site);
    const population = await this.#uploaded(upload);
    const expansion = new Wire(this.#site);
    const name = await this.#expanded(expansion, population);
    const audience = await this.#audienceOf(population, name);
    return { population, audience, calls: { upload: upload.counts, expansion: expansion.counts } };
  }

  /** Uploads are into populations of their own; expansions are of one that is there. */
  async tried(trial: Trial, calm: string, right: string): Promise<Outcome> {
    const wire = new Wire(this.#site, trial);
    const calmWire = () => new Wire(this.#site);
    const deadLetters = this.#deadLetters();
    const isUpload = trial.work === 'upload';
    const population = isUpload ? await this.#uploaded(wire) : calm;
    const status = await this.#statusOf(population);
    if (isUpload && status.state === 'failed') await this.#closed(population);
    const name = await this.#expanded(isUpload ? calmWire() : wire, population);
    const told = await this.#toldOf(population, name);
    const why = JSON.stringify({ upload: status.state, reason: status.reason ?? told.reason, expansion: told.state });
    const outcome = { ...trial, action: wire.action ?? 'none', why };
    if (!wire.isHit) return { ...outcome, verdict: 'missed' };
    const isRight = (await this.#audienceOf(population, name)) === right;
    if (isRight && status.state === 'done') {
      return { ...outcome, verdict: this.#deadLetters() === deadLetters ? 'right' : 'wrong' };
    }
    if (isRight) return { ...outcome, verdict: 'mended' };
    if (told.state !== 'failed' || told.reason === undefined) return { ...outcome, verdict: 'wrong' };
    this.#failures++;
    const again = await this.#expanded(calmWire(), population);
    return { ...outcome, verdict: (await this.#audienceOf(population, again)) === right ? 'mended' : 'wrong' };
  }

  /** Whether there is one generation of each population and one audience of each expansion, and everybody was told. */
  async leftovers() {
    const told = (what: string) => [...this.#told].filter((each) => each.startsWith(what)).length;
    const audiences = (await this.#site.list('audiences/')).filter((name) => name.endsWith('/audience.csv'));
    return {
      populations: this.#populations,
      uploadsTold: told('upload done'),
      // Those that failed were asked for again by another name.
      expansions: this.#expansions - this.#failures,
      audiences: audiences.length,
      expansionsTold: told('audience ready'),
    };
  }

  async #uploaded(wire: Wire): Promise<string> {
    const population = `p${this.#populations++}`;
    await wire.around(async () => {
      await this.#site.upload(`${population}/b1`, { 'people.ndjson': this.#people });
      await this.#site.stack.idle();
    });
    this.#listen();
    return population;
  }

  async #closed(population: string): Promise<void> {
    await this.#site.put(`populations/${population}/b1/_SUCCESS`, '');
    await this.#site.stack.idle();
    this.#listen();
  }

  async #expanded(wire: Wire, population: string): Promise<string> {
    const name = `c${this.#expansions++}`;
    // Another seed of chance for each, which changes nothing but the name of the files.
    const options = { size: 20, ranker: 'similarity', evidence: 'none', seed: this.#expansions };
    await this.#site.put(`seeds/${population}/${name}.json`, JSON.stringify(options));
    await wire.around(async () => {
      await this.#site.put(`seeds/${population}/${name}.csv`, SEEDS);
      await this.#site.stack.idle();
    });
    this.#listen();
    return name;
  }

  /** Notes who was told of what, before newer events displace those. */
  #listen(): void {
    for (const { source, detail, ...event } of this.#site.stack.bus.events()) {
      if (source === 'akin')
        this.#told.add(
          `${event['detail-type']} ${JSON.stringify([detail.population, detail.batch ?? detail.campaign])}`,
        );
    }
  }

  async #statusOf(population: string) {
    return (await this.#site.json(`populations/${population}/b1/_STATUS.json`)) ?? {};
  }

  async #toldOf(population: string, name: string) {
    return (await this.#site.json(`audiences/${population}/${name}.json`)) ?? {};
  }

  async #audienceOf(population: string, name: string): Promise<string | undefined> {
    const { audience } = await this.#toldOf(population, name);
    return audience === undefined ? undefined : this.#site.get(audience);
  }

  #deadLetters(): number {
    const [, queue] = this.#site.stack.queues.entries().find(([id]) => id.startsWith('deadletters')) ?? [];
    return queue?.messages().length ?? 0;
  }
}

/** Counts the calls of each function, and lets happen to one of them what is due. */
class Wire {
  readonly counts = new Map<string, number>();
  readonly #site: LocalSite;
  readonly #trial: Trial | undefined;
  #due: Call | undefined;

  constructor(site: LocalSite, trial?: Trial) {
    this.#site = site;
    this.#trial = trial;
  }

  get isHit(): boolean {
    return this.#due !== undefined;
  }

  get action(): string | undefined {
    return this.#due?.action;
  }

  async around(work: () => Promise<void>): Promise<void> {
    this.#site.observe = this.#observe;
    try {
      await work();
    } finally {
      this.#site.observe = () => {};
    }
  }

  readonly #observe: Observe = async (caller, call, moment) => {
    // Queues are asked by Lambda, in the function's name.
    if (!this.#site.stack.functions.has(caller) || call.action.startsWith('sqs:')) return;
    const number = this.counts.get(caller) ?? 0;
    if (moment === 'after') {
      if (call === this.#due) this.#hitAfter(caller);
      return;
    }
    this.counts.set(caller, number + 1);
    if (this.isHit || caller !== this.#trial?.caller || number !== this.#trial.at) return;
    this.#due = call;
    await this.#hitBefore(caller);
  };

  async #hitBefore(caller: string): Promise<void> {
    const fault = this.#trial?.fault;
    if (fault === 'is late') await pauseFor(LATE_MS);
    if (fault === 'is killed before') this.#kill(caller);
    if (fault === 'is answered 500' || fault === 'is killed before') throw answered500();
  }

  /** The client that hears of a failure makes its call again. */
  #hitAfter(caller: string): void {
    const fault = this.#trial?.fault;
    if (fault === 'is killed after') this.#kill(caller);
    if (fault === 'is made twice') throw answered500();
  }

  #kill(caller: string): void {
    this.#site.stack.functions.get(caller)?.kill('SIGKILL');
  }
}

function answered500(): AwsFault {
  return new AwsFault(500, 'InternalError', 'a fault of the schedule');
}
