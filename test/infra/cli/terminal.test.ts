import { describe, expect, it } from 'vitest';
import { counted, printable, Terminal } from '#infra/cli/terminal.ts';
import { Screen } from './screen.ts';

function terminalOn(results: Screen, remarks = new Screen(), quiet = false) {
  return { terminal: new Terminal(results, remarks, quiet), results, remarks };
}

describe('what a terminal would obey', () => {
  it.each([
    ['\u001b[2Jx', '\ufffd[2Jx'],
    ['\u009b31m', '\ufffd31m'],
    ['a\r\nb\tc\0', 'a\ufffd\ufffdb\ufffdc\ufffd'],
    ['\u202eevil\u2066', '\ufffdevil\ufffd'],
    ['a\u2028b\u2029c', 'a\ufffdb\ufffdc'],
    ['\ufeffbom\u200b', '\ufffdbom\ufffd'],
    ['\ud800', '\ufffd'],
    ['Köln 😀 e\u0301', 'Köln 😀 e\u0301'],
  ])('%j is shown as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});

it('counts in words', () => {
  expect([0, 1, 2].map((count) => counted(count, 'user'))).toEqual(['0 users', '1 user', '2 users']);
});

describe('a pipe', () => {
  it('gets tables in plain text, numbers to the right, nothing at the ends of lines', () => {
    const { terminal, results } = terminalOn(new Screen());

    terminal.title('People');
    terminal.table(
      ['rank', 'user'],
      [
        [1, 'u1\u001b[2J'],
        [10, ''],
      ],
    );

    expect(results.text).toBe('People\nrank  user\n   1  u1\ufffd[2J\n  10\n');
  });

  it('gets a table of no rows', () => {
    const { terminal, results } = terminalOn(new Screen());

    terminal.table(['field', 'features'], []);

    expect(results.text).toBe('field features\n'.replace(' ', '  '));
  });

  it('gets a line for each stage when it is done, among the remarks', () => {
    const { terminal, results, remarks } = terminalOn(new Screen());

    for (const done of [0, 1, 2]) terminal.watch('read the users', done, 2);
    terminal.watch('fit', 0, 0);
    terminal.warn('mind\u001b the gap');
    terminal.finishStage();
    terminal.print('done');

    expect(results.text).toBe('done\n');
    expect(remarks.text).toMatch(
      /^read the users {11} *\d+\.\d\d s\nfit {22} *\d+\.\d\d s\nwarning: mind\ufffd the gap\n$/,
    );
  });

  it('gets no progress where it asked for JSON', () => {
    const { terminal, results, remarks } = terminalOn(new Screen(), new Screen(), true);

    terminal.watch('fit', 0, 1);
    terminal.json({ a: ['\u001b'] });
    terminal.finishStage();

    expect(JSON.parse(results.text)).toEqual({ a: ['\u001b'] });
    expect([results.text.includes('\u001b'), remarks.text]).toEqual([false, '']);
  });

  it('gets a failure as one line, whatever stands in it, and details below', () => {
    const { terminal, remarks } = terminalOn(new Screen());

    terminal.watch('fit', 0, 1);
    terminal.fail('one\ntwo', ['at x', 'at \u001by']);

    expect(remarks.text).toBe('akin: one\ufffdtwo\nat x\nat \ufffdy\n');
  });

  it('is waited for where it is slow', async () => {
    const { terminal, results } = terminalOn(new Screen({ isSlow: true }));
    let isThrough = false;

    const writing = terminal.write('a line of more than a socket holds'.repeat(10_000)).then(() => {
      isThrough = true;
    });
    await Promise.resolve();
    expect(isThrough).toBe(false);
    results.takeNext();
    await writing;

    expect(results.text).toHaveLength(340_000);
  });
});

describe('a terminal', () => {
  it('gets a table in a frame', () => {
    const { terminal, results } = terminalOn(new Screen({ isTTY: true }));

    terminal.table(['rank', 'user'], [[1, 'u1\u001b[2J']]);

    expect(terminal.isInteractive).toBe(true);
    expect(results.text).toContain('│');
    expect(results.text).not.toContain('\u001b[2J');
  });

  it('gets a progress bar, and a line when a stage is done', () => {
    const { terminal, remarks } = terminalOn(new Screen(), new Screen({ isTTY: true }));

    terminal.watch('read the users', 0, 2);
    terminal.watch('read the users', 2, 2);
    terminal.finishStage();
    terminal.finishStage();

    expect(remarks.text).toContain('░');
    expect(remarks.text).toMatch(/✓.* read the users +\d+\.\d\d s\n$/);
  });
});
