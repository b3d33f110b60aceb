import { describe, expect, it } from 'vitest';
import { callerOf, type SignedRequest } from '#infra/local/signature.ts';

/** The examples that AWS publishes with their signatures: those of S3, of the signing process, and of its test suite. */
const S3 = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  date: '20130524T000000Z',
  service: 's3',
  host: 'examplebucket.s3.amazonaws.com',
};
const SUITE = {
  accessKeyId: 'AKIDEXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  date: '20150830T123600Z',
  service: 'service',
  host: 'example.amazonaws.com',
};
const IAM = { ...SUITE, service: 'iam', host: 'iam.amazonaws.com' };

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const NOW = { s3: new Date('2013-05-24T00:05:00Z'), suite: new Date('2015-08-30T12:40:00Z') };

interface Example {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signature: string;
}

function requestOf(
  who: typeof S3,
  { method = 'GET', url, headers = {}, body = '', signature }: Example,
): SignedRequest {
  const all: Record<string, string> = { host: who.host, 'x-amz-date': who.date, ...headers };
  const signed = Object.keys(all).toSorted().join(';');
  const credential = `${who.accessKeyId}/${who.date.slice(0, 8)}/us-east-1/${who.service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`;
  return { method, url, headers: { ...all, authorization }, body: Buffer.from(body) };
}

function secretOf(accessKeyId: string): string | undefined {
  return [S3, SUITE].find((who) => who.accessKeyId === accessKeyId)?.secret;
}

const GET_OBJECT = {
  url: '/test.txt',
  headers: { range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY },
  signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
};
const PUT_OBJECT = {
  method: 'PUT',
  url: '/test%24file.text',
  headers: {
    date: 'Fri, 24 May 2013 00:00:00 GMT',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
  },
  body: 'Welcome to Amazon S3.',
  signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
};
const VANILLA = { url: '/', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' };

const PRESIGNED =
  '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
  '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
  '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
  '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';

function presigned(url: string): SignedRequest {
  return { method: 'GET', url, headers: { host: S3.host }, body: Buffer.of() };
}

describe('a signed request', () => {
  it.each([
    ['reads an object', S3, GET_OBJECT],
    ['writes one', S3, PUT_OBJECT],
    [
      'asks for a sub-resource',
      S3,
      {
        url: '/?lifecycle',
        headers: { 'x-amz-content-sha256': EMPTY },
        signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      },
    ],
    [
      'lists objects',
      S3,
      {
        url: '/?max-keys=2&prefix=J',
        headers: { 'x-amz-content-sha256': EMPTY },
        signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      },
    ],
    ['asks for nothing in particular', SUITE, VANILLA],
    ['has a path that is not tidy', SUITE, { ...VANILLA, url: '/example/..' }],
    [
      'has parameters in another order',
      SUITE,
      {
        url: '/?Param2=value2&Param1=value1',
        signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
      },
    ],
    [
      'has a path with a blank',
      SUITE,
      { url: '/example space/', signature: '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741' },
    ],
    [
      'comes from a form',
      IAM,
      {
        url: '/?Action=ListUsers&Version=2010-05-08',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
      },
    ],
  ])('is known by the signature that AWS gives it when it %s', (_, who, example) => {
    const caller = callerOf(requestOf(who, example), secretOf, who === S3 ? NOW.s3 : NOW.suite);

    expect(caller).toEqual({ accessKeyId: who.accessKeyId, service: who.service });
  });

  const get = requestOf(S3, GET_OBJECT);
  const put = requestOf(S3, PUT_OBJECT);
  const authorization = String(get.headers.authorization);

  it.each([
    ['another method', { ...get, method: 'DELETE' }, 'SignatureDoesNotMatch'],
    ['another path', { ...get, url: '/test.csv' }, 'SignatureDoesNotMatch'],
    ['a parameter more', { ...get, url: '/test.txt?acl' }, 'SignatureDoesNotMatch'],
    ['another header', { ...get, headers: { ...get.headers, range: 'bytes=0-99' } }, 'SignatureDoesNotMatch'],
    [
      'another signature',
      { ...get, headers: { ...get.headers, authorization: authorization.replace(/.$/, '2') } },
      'SignatureDoesNotMatch',
    ],
    [
      'a shorter signature',
      { ...get, headers: { ...get.headers, authorization: authorization.replace(/.$/, '') } },
      'SignatureDoesNotMatch',
    ],
    [
      'a header that is not signed',
      { ...get, headers: { ...get.headers, 'x-amz-acl': 'public-read' } },
      'AccessDenied',
    ],
    ['another body', { ...put, body: Buffer.from('Welcome to Amazon S4.') }, 'XAmzContentSHA256Mismatch'],
    [
      'an unknown key',
      { ...get, headers: { ...get.headers, authorization: authorization.replace('AKIA', 'AKIB') } },
      'InvalidAccessKeyId',
    ],
    [
      'another region',
      { ...get, headers: { ...get.headers, authorization: authorization.replace('us-east-1', 'eu-west-1') } },
      'AccessDenied',
    ],
    [
      'another day',
      { ...get, headers: { ...get.headers, authorization: authorization.replace('20130524', '20130525') } },
      'AccessDenied',
    ],
    [
      'no hash of its body, which S3 demands',
      { ...get, headers: { ...get.headers, 'x-amz-content-sha256': undefined } },
      'InvalidRequest',
    ],
    ['no date', { ...get, headers: { ...get.headers, 'x-amz-date': undefined } }, 'AccessDenied'],
    ['no signature', { ...get, headers: { host: S3.host } }, 'AccessDenied'],
    ['another algorithm', { ...get, headers: { ...get.headers, authorization: 'Basic AAAA' } }, 'AccessDenied'],
    ['a path that is no UTF-8', { ...get, url: '/%ff' }, 'InvalidURI'],
  ])('is refused with %s', (_, request, code) => {
    expect(() => callerOf(request, secretOf, NOW.s3)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused with another body where the hash of the body is only part of the signature', () => {
    const request = { ...requestOf(SUITE, VANILLA), body: Buffer.from('x') };

    expect(() => callerOf(request, secretOf, NOW.suite)).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    );
  });

  it.each(['2013-05-24T00:15:01Z', '2013-05-23T23:44:59Z'])('is refused at %s, a quarter of an hour off', (now) => {
    expect(() => callerOf(get, secretOf, new Date(now))).toThrow(
      expect.objectContaining({ code: 'RequestTimeTooSkewed' }),
    );
  });
});

describe('a presigned address', () => {
  it.each(['2013-05-24T00:00:00Z', '2013-05-25T00:00:00Z', '2013-05-23T23:45:00Z'])('is good at %s', (now) => {
    expect(callerOf(presigned(PRESIGNED), secretOf, new Date(now))).toEqual({
      accessKeyId: S3.accessKeyId,
      service: 's3',
    });
  });

  it.each(['2013-05-25T00:00:01Z', '2013-05-23T23:44:59Z'])('is not good at %s', (now) => {
    expect(() => callerOf(presigned(PRESIGNED), secretOf, new Date(now))).toThrow(
      expect.objectContaining({ status: 403, code: 'AccessDenied' }),
    );
  });

  it.each([
    ['a longer life', PRESIGNED.replace('86400', '86401'), 'SignatureDoesNotMatch'],
    ['another object', PRESIGNED.replace('test.txt', 'test.csv'), 'SignatureDoesNotMatch'],
    ['a parameter more', `${PRESIGNED}&response-content-type=text%2Fhtml`, 'SignatureDoesNotMatch'],
    ['another signature', PRESIGNED.replace(/4$/, '5'), 'SignatureDoesNotMatch'],
    ['a life of more than a week', PRESIGNED.replace('86400', '604801'), 'AccessDenied'],
    ['a life that is no number', PRESIGNED.replace('86400', 'forever'), 'AccessDenied'],
    ['another algorithm', PRESIGNED.replace('HMAC', 'NONE'), 'AccessDenied'],
    ['an unknown key', PRESIGNED.replace('AKIA', 'AKIB'), 'InvalidAccessKeyId'],
  ])('is refused with %s', (_, url, code) => {
    expect(() => callerOf(presigned(url), secretOf, NOW.s3)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused with a header that was not signed, or with a second signature', () => {
    const request = presigned(PRESIGNED);

    for (const header of [{ 'x-amz-acl': 'public-read' }, { authorization: 'AWS4-HMAC-SHA256 …' }]) {
      expect(() => callerOf({ ...request, headers: { ...request.headers, ...header } }, secretOf, NOW.s3)).toThrow(
        expect.objectContaining({ code: 'AccessDenied' }),
      );
    }
  });
});
