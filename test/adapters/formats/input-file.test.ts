import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Line, openInput, sizeOfFile } from '#adapters/formats/input-file.ts';
import { Invalid } from '#application/errors.ts';
import { allOf } from '../all-of.ts';
import { temporaryFile, temporaryFolder } from '../temporary-folder.ts';

async function linesIn(content: string | Uint8Array, name?: string): Promise<string[]> {
  return (await linesOf(temporaryFile(content, name))).map(({ text }) => text);
}

async function linesOf(path: string): Promise<Line[]> {
  return allOf((await openInput(path)).lines);
}

describe('input file', () => {
  it('gives lines with their numbers and what ended them', async () => {
    expect(await linesOf(temporaryFile('a\r\nb\n\nc'))).toEqual([
      { text: 'a', end: '\r\n', number: 1 },
      { text: 'b', end: '\n', number: 2 },
      { text: '', end: '\n', number: 3 },
      { text: 'c', end: '\n', number: 4 },
    ]);
  });

  it('gives no line for an empty file, and none after the last line end', async () => {
    expect(await linesIn('')).toEqual([]);
    expect(await linesIn('a\n')).toEqual(['a']);
    expect(await linesIn('a\n\n')).toEqual(['a', '']);
  });

  it('begins with the first line that is not blank, by its number', async () => {
    expect(await linesIn('\n')).toEqual([]);
    expect(await linesOf(temporaryFile('\n \r\na\n\n'))).toMatchObject([
      { text: 'a', number: 3 },
      { text: '', number: 4 },
    ]);
  });

  it('leaves out a byte order mark, but only at the very beginning', async () => {
    expect(await linesIn('\ufeffa\n\ufeffb\n')).toEqual(['a', '\ufeffb']);
    expect(await linesIn(gzipSync('\ufeffa\n'))).toEqual(['a']);
  });

  it.each(['users.gz', 'users.csv'])('knows gzip by its content where the name is %s', async (name) => {
    expect(await linesIn(gzipSync('a\nb\n'), name)).toEqual(['a', 'b']);
    expect(await linesIn('a\nb\n', name)).toEqual(['a', 'b']);
  });

  it('reads gzip files that were joined', async () => {
    expect(await linesIn(Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]))).toEqual(['a', 'bc', 'd']);
  });

  it('reads a gzip file of nothing', async () => {
    expect(await linesIn(gzipSync(''))).toEqual([]);
  });

  it.each([
    ['{"id":"u1"}', true],
    ['\n\n  {"id":"u1"}\n', true],
    ['["u1"]', true],
    ['id,age\n{,1\n', false],
    ['', false],
  ])('tells JSON by the first line that is not blank: %j', async (content, expected) => {
    expect((await openInput(temporaryFile(content))).isJson).toBe(expected);
  });

  it('gives the SHA-256 of the bytes as they lie on the disk, when all were read', async () => {
    const path = temporaryFile(gzipSync('a\nb\n'));
    const input = await openInput(path);

    await allOf(input.lines);

    expect(input.sha256()).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
  });

  it('tells how many bytes were read', async () => {
    const told: number[] = [];
    const path = temporaryFile(Buffer.alloc(600_000, 'line\n'));

    await allOf((await openInput(path, (bytes) => told.push(bytes))).lines);

    expect(told).toEqual([262_144, 524_288, 600_000]);
    expect(sizeOfFile(path)).toBe(600_000);
  });
});

describe('a pipe', () => {
  it('is read as a file is, even where gzip’s first bytes come one by one', async () => {
    const path = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    const pipe = openSync(path, constants.O_RDWR);
    const bytes = gzipSync('a\nb\n');
    let sent = 0;
    const send = (count: number) => {
      sent += writeSync(pipe, bytes, sent, count);
    };
    send(1);

    const input = await openInput(path, (received) => send(received < 9 ? 1 : bytes.length - sent));

    expect(await firstOf(input.lines, 2)).toEqual(['a', 'b']);
  });

  it('has no size', () => {
    const path = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [path]);

    expect(sizeOfFile(path)).toBe(0);
  });
});

async function firstOf(lines: AsyncIterable<Line>, count: number): Promise<string[]> {
  const first: string[] = [];
  for await (const { text } of lines) if (first.push(text) === count) break;
  return first;
}

describe('a file that cannot be read', () => {
  const big = Buffer.from(Array.from({ length: 60_000 }, (_, n) => `line ${n} ${(n * 7919) % 10_007}\n`).join(''));

  it('is refused where gzip is cut off, with the last line that came through', async () => {
    const whole = gzipSync(big);
    const path = temporaryFile(whole.subarray(0, whole.length / 2));
    const seen: number[] = [];

    const reading = (async () => {
      for await (const { number } of (await openInput(path)).lines) seen.push(number);
    })();

    await expect(reading).rejects.toThrow(Invalid);
    await expect(reading).rejects.toThrow(
      `${path}: expected a whole gzip file, but it is cut off after line ${seen.length}`,
    );
    expect(seen.length).toBeGreaterThan(0);
  });

  it.each([3, 10, 12])('is refused where gzip is cut off after %d bytes', async (length) => {
    const path = temporaryFile(gzipSync('a\nb\n').subarray(0, length));

    await expect(linesOf(path)).rejects.toThrow(`${path}: expected a whole gzip file, but it is cut off after line 0`);
  });

  it.each([
    ['in the middle', (bytes: Buffer) => bytes.fill(0x55, 100_000, 100_040)],
    ['in its checksum', (bytes: Buffer) => bytes.fill(0, bytes.length - 8, bytes.length - 4)],
    ['in its header', (bytes: Buffer) => bytes.fill(9, 2, 3)],
    ['by what follows', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('no gzip')])],
  ])('is refused where gzip is damaged %s', async (_, damage) => {
    const path = temporaryFile(damage(gzipSync(big)));

    await expect(linesOf(path)).rejects.toThrow(Invalid);
    await expect(linesOf(path)).rejects.toThrow(/: expected a sound gzip file, but it is damaged after line \d+$/);
  });

  it.each([
    ['a zip archive or a spreadsheet', Buffer.from('PK\x03\x04 and more than ten bytes')],
    ['a Parquet file', Buffer.from('PAR1\x15\x04\x15\x10 and more')],
    ['a zstd archive', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 1, 2, 3, 4, 5, 6])],
    ['a bzip2 archive', Buffer.from('BZh91AY&SY and more')],
    ['UTF-16 text', Buffer.from('\ufeffid,age\n', 'utf16le')],
    ['UTF-16 text', Buffer.from('\ufeffid,age\n', 'utf16le').swap16()],
  ])('is called %s where it is one', async (what, bytes) => {
    const path = temporaryFile(bytes);

    await expect(linesOf(path)).rejects.toThrow(
      `${path}: expected NDJSON or CSV in UTF-8, gzipped or not, got ${what}`,
    );
  });

  it.each(['PAR1s\nu2\n', 'BZhang\n', 'PK\n'])(
    'is no archive only because a text begins like one: %j',
    async (text) => {
      expect(await linesIn(text)).toEqual(text.trim().split('\n'));
    },
  );

  it('is refused with the line that is no UTF-8', async () => {
    const path = temporaryFile(Buffer.from([0x61, 10, 0x62, 10, 0xe4, 10, 0x63]));

    await expect(linesOf(path)).rejects.toThrow(`${path}, line 3: expected UTF-8 text, got other bytes`);
  });

  it('is refused with the line that has no end, after little more than a line may hold', async () => {
    const path = temporaryFile(Buffer.concat([Buffer.from('a\nb\n'), Buffer.alloc(30 << 20, 'x')]));
    let bytesRead = 0;

    const reading = openInput(path, (bytes) => {
      bytesRead = bytes;
    }).then(({ lines }) => allOf(lines));

    await expect(reading).rejects.toThrow(`${path}, line 3: expected a line of at most 16 MiB, got a longer one`);
    expect(bytesRead).toBeLessThan(17 << 20);
  });

  it('is refused with the line that is too long although it ends', async () => {
    const path = temporaryFile(Buffer.concat([Buffer.alloc(16 << 20, 'x'), Buffer.from('x\nb\n')]));

    await expect(linesOf(path)).rejects.toThrow(`${path}, line 1: expected a line of at most 16 MiB, got a longer one`);
  });

  it('is refused when it is not there, or is a folder', async () => {
    const folder = temporaryFolder();
    const missing = join(folder, 'missing');

    await expect(openInput(missing)).rejects.toThrow(`expected a file at ${missing}, found nothing there`);
    await expect(openInput(folder)).rejects.toThrow(`expected a file at ${folder}, found a folder`);
    expect(() => sizeOfFile(missing)).toThrow(`expected a file at ${missing}, found nothing there`);
  });
});
