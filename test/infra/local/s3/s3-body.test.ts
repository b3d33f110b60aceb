import { createHash } from 'node:crypto';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { bodyOf } from '#infra/local/s3/s3-body.ts';

const STREAM = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'content-encoding': 'aws-chunked' };
const HELLO = { ...STREAM, 'x-amz-decoded-content-length': '5' };
const CHECKED = { ...HELLO, 'x-amz-trailer': 'x-amz-checksum-crc32' };

function unpack(headers: Record<string, string>, packed: string | Buffer) {
  return bodyOf({ headers, body: Buffer.from(packed) });
}

describe('a packed body', () => {
  test.prop([fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 })])(
    'gives the bytes that were packed, and their true checksum',
    (chunks) => {
      const bytes = Buffer.concat(chunks);
      const sha256 = createHash('sha256').update(bytes).digest('base64');
      const framed = chunks.flatMap((chunk) => [`${chunk.length.toString(16)}\r\n`, chunk, '\r\n']);
      const packed = [...framed, `0\r\nx-amz-checksum-sha256:${sha256}\r\n\r\n`].map((part) => Buffer.from(part));

      const headers = {
        ...STREAM,
        'x-amz-decoded-content-length': `${bytes.length}`,
        'x-amz-trailer': 'x-amz-checksum-sha256',
      };
      const body = bodyOf({ headers, body: Buffer.concat(packed) });

      expect(body.bytes).toEqual(bytes);
      expect(body.checksums).toEqual({ 'x-amz-checksum-sha256': sha256 });
      expect(body.md5).toBe(createHash('md5').update(bytes).digest('hex'));
    },
  );

  it('may come without a checksum', () => {
    expect(unpack(HELLO, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n').bytes.toString()).toBe('hello');
  });

  it.each([
    ['a wrong checksum', CHECKED, '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'BadDigest'],
    ['no checksum where one was announced', CHECKED, '5\r\nhello\r\n0\r\n\r\n', 'MalformedTrailerError'],
    [
      'one where none was announced',
      HELLO,
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
      'MalformedTrailerError',
    ],
    ['an end in the middle of a chunk', HELLO, '5\r\nhel', 'IncompleteBody'],
    ['an end after a chunk', HELLO, '5\r\nhello\r\n', 'IncompleteBody'],
    ['an end after a size', HELLO, '5', 'IncompleteBody'],
    ['fewer bytes than announced', HELLO, '4\r\nhell\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a size that is none', HELLO, 'five\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a wrong size', HELLO, '4\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['no announced length', STREAM, '5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['signed chunks', HELLO, '5;chunk-signature=00\r\nhello\r\n0\r\n\r\n', 'NotImplemented'],
    [
      'an unknown trailer',
      { ...HELLO, 'x-amz-trailer': 'x-amz-checksum-crc64nvme' },
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc64nvme:AA==\r\n\r\n',
      'NotImplemented',
    ],
  ])('is refused with %s', (_, headers, packed, code) => {
    expect(() => unpack(headers, packed)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a plain body', () => {
  it('is compared with each checksum that came along', () => {
    const checksums = {
      'x-amz-checksum-crc32': 'NhCmhg==',
      'x-amz-checksum-sha1': 'qvTGHdzF6KLavt4PO0gs2a6pQ00=',
      'x-amz-checksum-sha256': 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
    };
    const headers = { ...checksums, 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' };

    expect(unpack(headers, 'hello').checksums).toEqual(checksums);
    for (const name of Object.keys(headers)) {
      expect(() => unpack({ ...headers, [name]: 'AAAA' }, 'hello')).toThrow(
        expect.objectContaining({ code: 'BadDigest' }),
      );
    }
  });
});
