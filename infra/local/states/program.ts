/** What a state machine's definition becomes: a program, and what it asks of whoever runs it. */
import type { Json, JsonObject } from '../json.ts';

export interface StatesHost {
  /** Rejects with an Error whose name is the type of the function's error. */
  invoke(functionArn: string, payload: Json): Promise<unknown>;
  readObject(bucket: string, key: string): Promise<Uint8Array>;
  /** How long a second of a Wait or of a pause before a retry takes, so that nobody waits on a laptop; timeouts stay as they are. */
  readonly secondsPerSecond: number;
}

/** One execution, as far as its states see it. */
export interface Scope {
  /** What paths that begin with `$$` look into. */
  readonly context: JsonObject;
  /** From then on nothing more is begun. */
  readonly signal: AbortSignal;
}

export interface Program {
  run(input: Json, scope: Scope): Promise<Json>;
}
