/** A file in parts from the command line: every byte once, whatever breaks on the way. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SignedApi } from '#adapters/signed-api.ts';
import { transferFile } from '#infra/cli/file-transfer.ts';
import { temporaryFolder } from '../../adapters/temporary-folder.ts';

const PLACE = '/populations/people/uploads/b1/files/a.csv';

/** A stack to which some of the sendings break. */
function stackWhere(breaks: (sending: number) => boolean) {
  const parts = new Map<string, Buffer>();
  const calls: { readonly method: string; readonly path: string; readonly body: object | undefined }[] = [];
  let sendings = 0;
  const api: SignedApi = {
    async call(method, path, body) {
      calls.push({ method, path, body });
      if (method === 'PUT') return { name: 'a.csv' };
      const query = new URL(path, 'http://a').searchParams;
      const [from, count] = [Number(query.get('from')), Number(query.get('count'))];
      return { expires: 9, parts: Array.from({ length: count }, (_, n) => ({ part: from + n, url: `p${from + n}` })) };
    },
    async send(url, content, sent) {
      if (breaks(sendings++)) throw new Error('the line broke');
      if (typeof content === 'string') throw new Error('expected a piece of a file');
      const { path, start, end } = content;
      parts.set(url, readFileSync(path).subarray(start, end));
      sent?.((end ?? 0) - (start ?? 0));
      return `tag of ${url}`;
    },
    fetchText: async () => '',
  };
  return { api, parts, calls };
}

function fileOf(bytes: number) {
  const path = join(temporaryFolder(), 'a.csv');
  writeFileSync(
    path,
    Uint8Array.from({ length: bytes }, (_, n) => n % 251),
  );
  const transfer = { id: 't', partBytes: 10, parts: Math.ceil(bytes / 10) };
  return { path, bytes, place: PLACE, transfer };
}

describe('a file in parts', () => {
  it.each([11, 20, 1_005, 2_050])('of %d bytes comes whole, with its progress', async (bytes) => {
    const { api, parts, calls } = stackWhere(() => false);
    const file = fileOf(bytes);
    const progress: number[] = [];

    await transferFile(api, file, (so) => progress.push(so));

    expect(Buffer.concat([...parts.values()]).equals(readFileSync(file.path))).toBe(true);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(bytes);
    expect(calls.at(-1)).toEqual({
      method: 'PUT',
      path: PLACE,
      body: { transfer: 't', tags: [...parts.keys()].map((url) => `tag of ${url}`) },
    });
    expect(calls.filter(({ method }) => method === 'GET')).toHaveLength(Math.ceil(bytes / 1_000));
  });

  it('is sent on where a part broke, by a new address', async () => {
    const { api, parts, calls } = stackWhere((sending) => sending === 1);
    const file = fileOf(25);

    await transferFile(api, file, () => {});

    expect(Buffer.concat([...parts.values()]).equals(readFileSync(file.path))).toBe(true);
    expect(calls.map(({ path }) => path)).toEqual([
      `${PLACE}/parts?transfer=t&from=1&count=3`,
      `${PLACE}/parts?transfer=t&from=2&count=2`,
      PLACE,
    ]);
  });

  it('is given up where a part broke five times, and not ended', async () => {
    const { api, calls } = stackWhere(() => true);

    await expect(transferFile(api, fileOf(25), () => {})).rejects.toThrow('the line broke');

    expect(calls.some(({ method }) => method === 'PUT')).toBe(false);
  }, 15_000);
});
