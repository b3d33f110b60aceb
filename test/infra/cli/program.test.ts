import { CommanderError } from '@commander-js/extra-typings';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Conflict, Invalid, NotFound } from '#application/errors.ts';
import { failWith } from '#infra/cli/program.ts';

let remarks: string;

beforeEach(() => {
  remarks = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    remarks += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('how a command ends', () => {
  it.each([new Invalid('expected x, got y'), new NotFound('expected x, got y'), new Conflict('expected x, got y')])(
    'with 2 and one sentence for what the caller can mend: %s',
    (error) => {
      expect(failWith(error)).toBe(2);
      expect(remarks).toMatch(/^\S*akin:\S* expected x, got y\n$/);
    },
  );

  it('with what the parser of arguments said', () => {
    expect(failWith(new CommanderError(0, 'commander.help', ''))).toBe(0);
    expect(failWith(new CommanderError(1, 'commander.unknownOption', ''))).toBe(2);
    expect(remarks).toBe('');
  });

  it('with 1 and all that is known for a bug of ours', () => {
    expect(failWith(new TypeError('boom'))).toBe(1);
    expect(remarks).toContain("this is a bug of akin's, please report it:\nTypeError: boom\n    at ");

    expect(failWith('thrown \u001b[2J')).toBe(1);
    expect(remarks).toContain('please report it:\nthrown \ufffd[2J\n');
  });
});
