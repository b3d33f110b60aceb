/**
 * The default event bus of EventBridge: what is put on it goes to the targets of all rules that match. Whoever puts an event
 * does not wait for the targets, as in AWS; unlike there, a target that fails is not tried again but reported.
 */
import { randomUUID } from 'node:crypto';
import { ACCOUNT, arnOf, REGION } from '../aws-service.ts';
import type { Json, JsonObject } from '../json.ts';
import { checkPattern, matches } from './event-pattern.ts';
import { type TargetInput, targetInput } from './target-input.ts';

export const EVENT_BUS_ARN = arnOf('events', 'event-bus/default');

/** How many events are kept to be looked at. */
const KEPT_EVENTS = 500;

export interface EventEntry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: JsonObject;
  readonly resources?: readonly string[];
  readonly time?: Date;
}

/** Its fields are those of the event that targets see, and may be read as such. */
export interface BusEvent extends JsonObject {
  readonly version: string;
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: string[];
  readonly detail: JsonObject;
}

export interface Target extends TargetInput {
  deliver(input: Json): unknown;
}

export interface Rule {
  readonly name: string;
  readonly pattern: unknown;
  readonly targets: readonly Target[];
}

interface Route {
  readonly rule: Rule;
  readonly target: Target;
  readonly inputOf: (event: JsonObject) => Json;
}

export class EventBus {
  readonly #routes: Route[] = [];
  readonly #events: BusEvent[] = [];
  readonly #deliveries = new Set<Promise<void>>();
  readonly #failed: (rule: string, error: unknown) => void;

  /** `failed` is told of each target that did not take its event. */
  constructor(failed: (rule: string, error: unknown) => void) {
    this.#failed = failed;
  }

  /** Refuses a pattern or an input that is not known here, by its name. */
  addRule(rule: Rule): void {
    checkPattern(rule.pattern);
    const routes = rule.targets.map((target) => ({ rule, target, inputOf: targetInput(target) }));
    this.#routes.push(...routes);
  }

  put({ source, detailType, detail, resources = [], time = new Date() }: EventEntry): BusEvent {
    const event: BusEvent = {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source,
      account: ACCOUNT,
      time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
      region: REGION,
      resources: [...resources],
      detail,
    };
    this.#events.push(event);
    if (this.#events.length > KEPT_EVENTS) this.#events.shift();
    for (const route of this.#routes) if (matches(route.rule.pattern, event)) this.#deliver(route, event);
    return event;
  }

  /** The latest events, oldest first. */
  events(): readonly BusEvent[] {
    return [...this.#events];
  }

  /** Waits until all targets have taken what was put before, and what they put meanwhile. */
  async idle(): Promise<void> {
    while (this.#deliveries.size > 0) await Promise.all(this.#deliveries);
  }

  #deliver({ rule, target, inputOf }: Route, event: BusEvent): void {
    const deliver = async () => {
      try {
        await target.deliver(structuredClone(inputOf(event)));
      } catch (error) {
        this.#failed(rule.name, error);
      }
    };
    const delivery: Promise<void> = Promise.resolve()
      .then(deliver)
      .finally(() => this.#deliveries.delete(delivery));
    this.#deliveries.add(delivery);
  }
}
