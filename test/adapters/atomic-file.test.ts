import { execFileSync } from 'node:child_process';
import {
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AtomicFile, removeUnfinishedFiles, writeFileAtomically } from '#adapters/atomic-file.ts';
import { explainedFault, systemCodeOf } from '#adapters/system-faults.ts';
import { Invalid } from '#application/errors.ts';
import { temporaryFile, temporaryFolder } from './temporary-folder.ts';

describe('atomic file', () => {
  it('is not there before it is whole', () => {
    const path = join(temporaryFolder(), 'deep', 'er', 'file');
    const file = new AtomicFile(path);

    file.write('a'.repeat(200_000));
    expect(readdirSync(join(path, '..'))).toEqual([expect.stringMatching(/^file\.[0-9a-f]{8}\.partial$/)]);
    file.write(Buffer.from('ü'));
    file.write('b');
    file.commit();

    expect(readdirSync(join(path, '..'))).toEqual(['file']);
    expect(readFileSync(path, 'utf8')).toHaveLength(200_002);
  });

  it('leaves what stood there when it is given up', () => {
    const path = temporaryFile('old');
    const file = new AtomicFile(path);
    file.write('new');

    file.close();
    file.close();

    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  it('leaves what stood there when its content fails to come', () => {
    const path = temporaryFile('old');

    expect(() =>
      writeFileAtomically(
        path,
        (function* () {
          yield 'new';
          throw new Error('no more');
        })(),
      ),
    ).toThrow('no more');

    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  it('goes when the process is interrupted', () => {
    const path = join(temporaryFolder(), 'file');
    const file = new AtomicFile(path);
    file.write('half');

    removeUnfinishedFiles();

    expect(readdirSync(join(path, '..'))).toEqual([]);
    file.close();
  });

  it('writes text and bytes in the order given', () => {
    const path = join(temporaryFolder(), 'file');

    writeFileAtomically(path, ['a', Buffer.from('b'), 'c', 'd', Buffer.from('e')]);

    expect(readFileSync(path, 'utf8')).toBe('abcde');
  });

  it('writes through a link to the file behind it', () => {
    const path = temporaryFile('old');
    const link = join(temporaryFolder(), 'link');
    symlinkSync(path, link);

    writeFileAtomically(link, ['new']);

    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  it('writes into a pipe, which cannot be replaced', () => {
    const path = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    const pipe = openSync(path, constants.O_RDWR);

    writeFileAtomically(path, ['through']);

    const received = Buffer.alloc(7);
    readSync(pipe, received);
    expect(received.toString()).toBe('through');
  });

  it('refuses a folder, a file in a file, and a full disk, each in one sentence', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder'));

    expect(() => writeFileAtomically(join(folder, 'folder'), ['x'])).toThrow(
      `expected a file at ${join(folder, 'folder')}, found a folder`,
    );
    expect(() => writeFileAtomically(join(folder, 'file', 'a', 'b'), ['x'])).toThrow(
      `expected a folder on the way to ${join(folder, 'file', 'a', 'b')}, found a file`,
    );
    expect(() => writeFileAtomically('/dev/full', ['x'])).toThrow(
      'expected room on the disk to write /dev/full, but it is full; nothing was changed',
    );
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder']);
  });
});

describe('a fault of the system', () => {
  const fault = (code: string, syscall?: string) =>
    Object.assign(new Error(`${code}: as the system puts it`), { code, ...(syscall ? { syscall } : {}) });

  it.each([
    'ENOENT',
    'EISDIR',
    'ENOTDIR',
    'EEXIST',
    'EACCES',
    'EPERM',
    'EROFS',
    'ENOSPC',
    'EDQUOT',
    'EFBIG',
    'ENAMETOOLONG',
  ])('is a sentence that names the path: %s', (code) => {
    const explained = explainedFault(fault(code, 'open'), '/a/b');

    expect(explained).toBeInstanceOf(Invalid);
    expect(String(explained)).toMatch(/^Invalid: expected .*\/a\/b/);
  });

  it('is the system’s own sentence where it is a rare one', () => {
    expect(String(explainedFault(fault('EIO', 'read'), '/a/b'))).toBe(
      'Invalid: expected the system to let /a/b be used, got EIO: as the system puts it',
    );
  });

  it('is nothing else: other failures stay what they are', () => {
    for (const error of [new Error('ours'), fault('CSV_QUOTE_NOT_CLOSED'), 'text', undefined]) {
      expect(explainedFault(error, '/a/b')).toBe(error);
    }
    expect(systemCodeOf(fault('EIO'))).toBe('EIO');
    expect(systemCodeOf({ code: 'EIO' })).toBeUndefined();
  });
});
