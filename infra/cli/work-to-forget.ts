/** What a stack does for this process alone: it is forgotten there when the process has its answer, fails, or is interrupted. */

const begun = new Set<() => Promise<void>>();
let isInterrupted = false;

/** Does the work, and forgets it whatever becomes of it. Of an interrupted process nothing more is heard. */
export async function thenForgotten<T>(forget: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  let forgetting: Promise<void> | undefined;
  const once = () => {
    forgetting ??= forget();
    return forgetting;
  };
  begun.add(once);
  try {
    return await work();
  } finally {
    await once();
    begun.delete(once);
    if (isInterrupted) await new Promise(() => {});
  }
}

/** Whether there is anything to forget. */
export function hasWorkToForget(): boolean {
  return begun.size > 0;
}

/** For the last act of an interrupted process. */
export async function forgetWork(): Promise<void> {
  isInterrupted = true;
  await Promise.all([...begun].map((forget) => forget()));
}
