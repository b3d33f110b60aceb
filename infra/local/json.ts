/** JSON as the AWS services read it: from requests, events, templates and definitions. */

export type Json = null | boolean | number | string | Json[] | JsonObject;

/** What stands under a name that is not there is undefined, as everywhere in TypeScript without noUncheckedIndexedAccess. */
export interface JsonObject {
  [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What JSON keeps of a value, as a value of its own: a function that returns nothing returns null. */
export function jsonOf(value: unknown): Json {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}

/** As AWS counts payloads: the bytes of the JSON text. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** A text as it is, anything else as JSON. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
