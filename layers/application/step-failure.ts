/** Why a step of a job cannot be done, left beside what the steps leave to each other, for whoever tells the caller. */
import * as z from 'zod';
import { Conflict, Invalid, NotFound } from './errors.ts';
import type { ObjectStore } from './ports.ts';
import { readJson, writeJson } from './stored-json.ts';

const Failure = z.object({ reason: z.string() });

/** What anybody is told of a failure that is nobody's mistake but akin's. */
export const UNEXPECTED = 'an unexpected failure of akin itself; its logs say more';

function failureName(folder: string): string {
  return `${folder}failure.json`;
}

/** What to say of work that somebody stopped: closing a laptop does. */
export const STOPPED = 'it was stopped before its end; nothing has changed, drop it again';

/** The reason that a step of the job left, if one did. */
export async function reasonOf(objects: ObjectStore, folder: string, otherwise = UNEXPECTED): Promise<string> {
  const name = failureName(folder);
  if (!(await objects.list(name)).includes(name)) return otherwise;
  return (await readJson(objects, name, Failure)).reason;
}

/** Whether trying again would come to the same: what a caller can act on is no passing fault. */
export function isCallers(error: unknown): error is Invalid | NotFound | Conflict {
  return error instanceof Invalid || error instanceof NotFound || error instanceof Conflict;
}

/** Runs a step; the reason of a failure that a caller can act on is left in the job's folder. */
export async function leavingReason<T>(objects: ObjectStore, folder: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (isCallers(error)) await writeJson(objects, failureName(folder), { reason: error.message });
    throw error;
  }
}
