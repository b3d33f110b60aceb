/** No process of a function outlives the stack that started it, however that ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFile } from '../../../adapters/temporary-folder.ts';
import { isAlive, optionsFor } from './bundled-function.ts';

const LOCAL_FUNCTION = pathToFileURL('infra/local/lambda/local-function.ts').href;

/** Starts a program that invokes a function, waits until the function's handler runs, and gives the processes of both. */
async function parentOf(handler: string) {
  const { options } = optionsFor(`export const handler = async () => { console.log(process.pid); ${handler} };`);
  const program = temporaryFile(
    `import { LocalFunction } from ${JSON.stringify(LOCAL_FUNCTION)};
    await new LocalFunction({ ...${JSON.stringify(options)}, log: console.log }).invoke({});
    setInterval(() => {}, 1000);`,
    'parent.mjs',
  );
  const parent = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    parent.kill('SIGKILL');
  });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  return { parent, pid: Number(line) };
}

it.each([
  ['SIGKILL', 'waits for an event', ''],
  ['SIGKILL', 'waits for something else', 'await new Promise((resolve) => setTimeout(resolve, 600_000));'],
  ['SIGKILL', 'computes without end', 'for (;;);'],
  ['SIGINT', 'computes without end', 'for (;;);'],
] as const)('a parent that %s ends takes a function with it that %s', async (signal, _, handler) => {
  const { parent, pid } = await parentOf(handler);
  const before = isAlive(pid);

  parent.kill(signal);

  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  expect(before).toBe(true);
});
