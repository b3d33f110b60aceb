#!/usr/bin/env node
/** The `akin` command line: its process. */
import { removeUnfinishedFiles } from '#adapters/atomic-file.ts';
import { run } from './program.ts';

/** What shells expect of a program that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

process.once('SIGINT', () => {
  removeUnfinishedFiles();
  process.stderr.write('\nakin: interrupted; what was published before stands as it was\n');
  process.exit(EXIT_INTERRUPTED);
});

// A reader such as `head` that has seen enough is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(process.argv.slice(2));
