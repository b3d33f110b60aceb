/** The `akin` command line as a process: signals, streams, exit codes. */
import { removeUnfinishedFiles } from '#adapters/atomic-file.ts';
import { Invalid } from '#application/errors.ts';
import { failWith, run } from './program.ts';
import { forgetWork, hasWorkToForget } from './work-to-forget.ts';

/** What shells expect of a program that a signal ended: 128 and its number. */
const EXIT_AFTER = { SIGINT: 130, SIGTERM: 143 } as const;

/** A stack that does not answer keeps nobody longer. */
const MOST_FORGET_MS = 30_000;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  const exit = () => process.exit(EXIT_AFTER[signal]);
  process.once(signal, () => {
    process.stderr.write('\nakin: interrupted; what was published before stands as it was\n');
    if (!hasWorkToForget()) exit();
    process.stderr.write('akin: the stack is told to forget what was asked for; once more ends at once\n');
    process.once(signal, exit);
    setTimeout(exit, MOST_FORGET_MS);
    forgetWork().then(exit, exit);
  });
}

process.on('exit', removeUnfinishedFiles);

// A reader such as `head` that has seen enough is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.exit(failWith(new Invalid(`expected to write the result, got ${error.message}`, { cause: error })));
});

// Nobody reads the remarks any more: the work goes on, and its exit code still tells how it went.
process.stderr.on('error', () => {});

process.exitCode = await run(process.argv.slice(2));
// A pipe that gave bad input may stay open for ever: nobody waits for its end.
if (process.exitCode !== 0) process.exit();
