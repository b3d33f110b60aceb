/** Servers with moods: what a client of DynamoDB asks, and what it is answered, changed on the way. */
import type { DynamoDBClient, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-dynamodb';

type Ask = (input: ServiceInputTypes) => Promise<ServiceOutputTypes>;

/** Gets every request of the client, with the name of its command, and passes it on, or does not. */
export type Tamper = (input: ServiceInputTypes, ask: Ask, command: string) => Promise<ServiceOutputTypes>;

export function tampered(open: () => Promise<DynamoDBClient>, tamper: Tamper): () => Promise<DynamoDBClient> {
  let client: Promise<DynamoDBClient> | undefined;
  const openTampered = async () => {
    const opened = await open();
    opened.middlewareStack.add((next, { commandName = '' }) => async (args) => {
      const responses: Awaited<ReturnType<typeof next>>[] = [];
      const ask: Ask = async (input) => {
        const result = await next({ ...args, input });
        responses.push(result);
        return result.output;
      };
      const output = await tamper(args.input, ask, commandName);
      return { response: responses.at(-1)?.response, output };
    });
    return opened;
  };
  return () => {
    client ??= openTampered();
    return client;
  };
}

/** Does of each batch what `isDone` says, and leaves the rest undone. */
export function leavingUndone(isDone: (item: unknown, at: number) => boolean): Tamper {
  return async (input, ask) => {
    if (!('RequestItems' in input)) return ask(input);
    const [[table, items]] = Object.entries(input.RequestItems ?? {});
    if (Array.isArray(items)) {
      const [done, undone] = halves(items, isDone);
      const output = done.length > 0 ? await ask({ RequestItems: { [table]: done } }) : NOTHING;
      return { ...output, UnprocessedItems: undone.length > 0 ? { [table]: undone } : {} };
    }
    const [done, undone] = halves(items.Keys ?? [], isDone);
    const output = done.length > 0 ? await ask({ RequestItems: { [table]: { ...items, Keys: done } } }) : NOTHING;
    return { ...output, UnprocessedKeys: undone.length > 0 ? { [table]: { ...items, Keys: undone } } : {} };
  };
}

const NOTHING = { $metadata: {} };

function halves<T>(items: readonly T[], isDone: (item: unknown, at: number) => boolean): [T[], T[]] {
  const { done = [], undone = [] } = Object.groupBy(items, (item, at) => (isDone(item, at) ? 'done' : 'undone'));
  return [done, undone];
}

/** Loses the answer to the first request of that command, which the server has carried out; the SDK sends it again. */
export function losingFirstAnswer(open: () => Promise<DynamoDBClient>, command: string): () => Promise<DynamoDBClient> {
  let client: Promise<DynamoDBClient> | undefined;
  let isLost = false;
  const openLosing = async () => {
    const opened = await open();
    opened.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const result = await next(args);
          if (isLost || commandName !== command) return result;
          isLost = true;
          throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        },
      { step: 'deserialize', priority: 'low' },
    );
    return opened;
  };
  return () => {
    client ??= openLosing();
    return client;
  };
}
