/** The API as the command line calls it, where it is told to come again. */
import { createServer } from 'node:http';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type SignedApi, signedApi } from '#adapters/signed-api.ts';
import { Invalid } from '#application/errors.ts';
import { listening } from './aws-emulators.ts';

/** An API that answers so many calls with a problem, and the others with what they ask for; and how many came. */
async function api(refused: number, status: number, headers: Record<string, string>) {
  let calls = 0;
  const server = await listening(
    createServer((request, response) => {
      request.resume();
      const isRefused = calls++ < refused;
      const problem = { type: 'about:blank', title: 'x', status, detail: 'expected fewer calls' };
      response.writeHead(isRefused ? status : 200, headers).end(JSON.stringify(isRefused ? problem : { fine: true }));
    }),
  );
  onTestFinished(async () => {
    await server.stop();
  });
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const client: SignedApi = signedApi({ url: `${server.url}/v1`, credentials });
  return { client, calls: () => calls };
}

describe('a call of the API', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    return () => vi.unstubAllEnvs();
  });

  it('comes again after the seconds that it is told', async () => {
    const { client, calls } = await api(1, 429, { 'retry-after': '1' });
    const before = performance.now();

    expect(await client.call('GET', '/populations')).toEqual({ fine: true });
    expect(calls()).toBe(2);
    expect(performance.now() - before).toBeGreaterThan(990);
  });

  it('gives up after ten tries, with the sentence of the last', async () => {
    const { client, calls } = await api(99, 429, { 'retry-after': '0' });

    await expect(client.call('GET', '/populations')).rejects.toThrow(new Invalid('expected fewer calls'));
    expect(calls()).toBe(10);
  });

  it.each([
    [403, 'it refuses them (expected fewer calls)'],
    [400, 'expected fewer calls'],
    [504, 'got 504 expected fewer calls'],
  ])('does not come again for %d', async (status, sentence) => {
    const { client, calls } = await api(99, status, {});

    await expect(client.call('GET', '/populations')).rejects.toThrow(sentence);
    expect(calls()).toBe(1);
  });
});
