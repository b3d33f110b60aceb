/** What AWS would count of what the stack does: requests, bytes, capacity units, and how long each function took. */

import type { Service, ServiceRequest, ServiceResponse } from './aws-service.ts';
import { isObject, type Json } from './json.ts';
import type { InvokeResult } from './lambda/local-function.ts';

export interface Usage {
  /** By IAM action: `s3:GetObject`, say; a request that touches many objects counts once. */
  readonly requests: Readonly<Record<string, number>>;
  readonly s3BytesIn: number;
  readonly s3BytesOut: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

export interface Timing {
  readonly isCold: boolean;
  readonly initMs: number;
  readonly durationMs: number;
  readonly maxMemoryMiB: number | undefined;
}

export class Meter {
  readonly timings = new Map<string, Timing[]>();
  #requests: Record<string, number> = {};
  #s3BytesIn = 0;
  #s3BytesOut = 0;
  #readUnits = 0;
  #writeUnits = 0;

  /** S3 with its requests and bytes counted. */
  s3(service: Service): Service {
    return {
      calls: (request) => service.calls(request),
      answer: async (request) => {
        this.#count(service, request);
        const response = await service.answer(request);
        this.#s3BytesIn += request.body.length;
        this.#s3BytesOut += bytesOf(response);
        return response;
      },
    };
  }

  /** DynamoDB with its capacity units counted: it is asked for them in every request, and tells them in its answer. */
  dynamodb(service: Service): Service {
    return {
      calls: (request) => service.calls(request),
      answer: async (request) => {
        this.#count(service, request);
        const fields = jsonOf(request.body);
        const asked = isObject(fields) ? { ...fields, ReturnConsumedCapacity: 'TOTAL' } : fields;
        const response = await service.answer({ ...request, body: Buffer.from(JSON.stringify(asked)) });
        const answer = response.body instanceof Uint8Array ? jsonOf(response.body) : null;
        const units = unitsIn(isObject(answer) ? (answer.ConsumedCapacity ?? null) : null);
        const isWrite = service.calls(request).some(({ action }) => /:(?:Put|Update|Delete|BatchWrite)/.test(action));
        if (isWrite) this.#writeUnits += units;
        else this.#readUnits += units;
        return response;
      },
    };
  }

  addTiming(name: string, { isCold, initMs, durationMs, maxMemoryMiB }: InvokeResult): void {
    this.timings.set(name, [...(this.timings.get(name) ?? []), { isCold, initMs, durationMs, maxMemoryMiB }]);
  }

  usage(): Usage {
    return {
      requests: { ...this.#requests },
      s3BytesIn: this.#s3BytesIn,
      s3BytesOut: this.#s3BytesOut,
      readUnits: this.#readUnits,
      writeUnits: this.#writeUnits,
    };
  }

  /** Begins to count anew. */
  reset(): void {
    this.#requests = {};
    this.#s3BytesIn = 0;
    this.#s3BytesOut = 0;
    this.#readUnits = 0;
    this.#writeUnits = 0;
    this.timings.clear();
  }

  #count(service: Service, request: ServiceRequest): void {
    const [call] = service.calls(request);
    if (call) this.#requests[call.action] = (this.#requests[call.action] ?? 0) + 1;
  }
}

function bytesOf({ headers, body }: ServiceResponse): number {
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.byteLength(body);
  return Number(headers['content-length'] ?? 0);
}

function unitsIn(consumed: Json): number {
  const all = Array.isArray(consumed) ? consumed : [consumed];
  return all.reduce((sum: number, each) => sum + Number((isObject(each) && each.CapacityUnits) || 0), 0);
}

function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(Buffer.from(bytes).toString() || 'null');
}
