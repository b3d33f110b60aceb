/** EventBridge as its SDK client speaks to it: only putting events. */
import {
  fieldsOf,
  jsonAnswer,
  objectsAt,
  operationOf,
  optionalTextAt,
  refuseOtherFields,
  textsAt,
} from '../aws-json.ts';
import {
  AwsFault,
  arnOf,
  type Call,
  notKnown,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from '../aws-service.ts';
import { isObject, type JsonObject } from '../json.ts';
import { EVENT_BUS_ARN, type EventBus, type EventEntry } from './event-bus.ts';

const MOST_ENTRIES = 10;

/** Of all entries of a request together. */
const MOST_BYTES = 262_144;

/** What a time counts, in an entry that has one. */
const TIME_BYTES = 14;

const ENTRY_FIELDS = ['Source', 'DetailType', 'Detail', 'Resources', 'Time', 'EventBusName'];

export class EventsService implements Service {
  readonly #bus: EventBus;

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  calls(request: ServiceRequest): readonly Call[] {
    const buses = new Set(entriesOf(request).map(busArnOf));
    return [...buses].map((resource) => ({ action: 'events:PutEvents', resource }));
  }

  answer(request: ServiceRequest): ServiceResponse {
    refuseOtherFields(fieldsOf(request), ['Entries'], 'PutEvents');
    const entries = entriesOf(request);
    checkRequest(entries);
    const reports = entries.map((entry) => this.#put(entry));
    const failures = reports.filter((report) => 'ErrorCode' in report);
    return jsonAnswer({ FailedEntryCount: failures.length, Entries: reports });
  }

  /** A bad entry is told of by itself; the others are put all the same. */
  #put(
    entry: JsonObject,
  ): { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string } {
    const fault = (code: string, message: string) => ({ ErrorCode: code, ErrorMessage: message });
    const [source, detailType, text] = ['Source', 'DetailType', 'Detail'].map((name) => optionalTextAt(entry, name));
    if (!source)
      return fault('InvalidArgument', 'Parameter Source is not valid. Reason: Source is a required argument.');
    if (!detailType) {
      return fault('InvalidArgument', 'Parameter DetailType is not valid. Reason: DetailType is a required argument.');
    }
    if (!text) return fault('InvalidArgument', 'Parameter Detail is not valid. Reason: Detail is a required argument.');
    if (source.startsWith('aws.')) {
      return fault('NotAuthorizedForSourceException', 'Not authorized for the source.');
    }
    const detail = objectIn(text);
    if (detail === undefined) return fault('MalformedDetail', 'Detail is malformed.');
    const event: EventEntry = { source, detailType, detail, resources: textsAt(entry, 'Resources'), ...timeOf(entry) };
    return { EventId: this.#bus.put(event).id };
  }
}

function entriesOf(request: ServiceRequest): JsonObject[] {
  const operation = operationOf(request, 'AWSEvents');
  if (operation !== 'PutEvents') throw notKnown(`events:${operation}`);
  return objectsAt(fieldsOf(request), 'Entries');
}

function busArnOf(entry: JsonObject): string {
  const name = optionalTextAt(entry, 'EventBusName') ?? 'default';
  return name.startsWith('arn:') ? name : arnOf('events', `event-bus/${name}`);
}

function checkRequest(entries: readonly JsonObject[]): void {
  if (entries.length === 0 || entries.length > MOST_ENTRIES) {
    throw invalid(`expected 1 to ${MOST_ENTRIES} entries, got ${entries.length}`);
  }
  for (const entry of entries) {
    refuseOtherFields(entry, ENTRY_FIELDS, 'an entry of PutEvents');
    if (busArnOf(entry) !== EVENT_BUS_ARN) throw notKnown(`the event bus ${busArnOf(entry)}`);
  }
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  if (bytes > MOST_BYTES) throw invalid(`expected entries of at most ${MOST_BYTES} bytes in all, got ${bytes}`);
}

/** As EventBridge counts them. */
function entryBytes(entry: JsonObject): number {
  const fields = ['Source', 'DetailType', 'Detail'].map((name) => optionalTextAt(entry, name) ?? '');
  return [...fields, ...textsAt(entry, 'Resources')].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    entry.Time === undefined ? 0 : TIME_BYTES,
  );
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds since 1970, as the protocol has times. */
function timeOf({ Time }: JsonObject): { readonly time?: Date } {
  if (Time === undefined || Time === null) return {};
  const time = new Date(Number(Time) * 1000);
  if (typeof Time !== 'number' || Number.isNaN(time.getTime()))
    throw invalid(`expected a time, got ${JSON.stringify(Time)}`);
  return { time };
}

function invalid(message: string): AwsFault {
  return new AwsFault(400, 'ValidationException', message);
}
