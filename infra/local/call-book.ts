/** Which permissions were used, by whom: the proof that roles allow what is needed, and no more. */
import type { Call } from './aws-service.ts';

export class CallBook {
  readonly #calls = new Map<string, Map<string, Call>>();

  add(caller: string, call: Call): void {
    const own = this.#calls.get(caller) ?? new Map<string, Call>();
    own.set(`${call.action} ${call.resource} ${call.context?.['s3:prefix'] ?? ''}`, call);
    this.#calls.set(caller, own);
  }

  callers(): string[] {
    return [...this.#calls.keys()];
  }

  /** Each call once. */
  of(caller: string): Call[] {
    return [...(this.#calls.get(caller)?.values() ?? [])];
  }
}
