/** Where a stack is: by its name, as CloudFormation answers; by its address; or on this laptop. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LOCAL_ADDRESS_FILE, stackAddress } from '#adapters/stack-address.ts';
import { Invalid, NotFound } from '#application/errors.ts';
import { callerOf } from '#infra/local/signature.ts';
import { listening } from './aws-emulators.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ADDRESS = 'https://abc.execute-api.us-east-1.amazonaws.com/v1/';

const output = (key: string, value: string) =>
  `<member><Description>${key}</Description><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`;
const stackWith = (...outputs: string[]) =>
  `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>${outputs.join('')}</Outputs><StackName>akin</StackName></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
const fault = (code: string, message: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

/** A CloudFormation that answers so, and that tells what it was asked. */
async function cloudformation(status: number, answer: string) {
  const asked: { readonly form: URLSearchParams; readonly service: string }[] = [];
  const take = async (request: IncomingMessage) => {
    const body = await buffer(request);
    const { method = '', url = '', headers } = request;
    const { service } = callerOf({ method, url, headers, body }, () => 'secret', new Date());
    asked.push({ form: new URLSearchParams(body.toString()), service });
  };
  const server = await listening(
    createServer((request, response) => {
      void take(request).then(() => response.writeHead(status, { 'content-type': 'text/xml' }).end(answer));
    }),
  );
  onTestFinished(async () => {
    await server.stop();
  });
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', server.url);
  return asked;
}

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the address of a stack', () => {
  it('is the output Api of the stack of that name', async () => {
    const asked = await cloudformation(200, stackWith(output('Bucket', 'b'), output('Api', ADDRESS)));

    expect(await stackAddress('akin-test')).toEqual({ url: ADDRESS });
    expect(asked.map(({ service }) => service)).toEqual(['cloudformation']);
    expect(Object.fromEntries(asked[0].form)).toEqual({
      Action: 'DescribeStacks',
      Version: '2010-05-15',
      StackName: 'akin-test',
    });
  });

  it.each([
    [
      400,
      fault('ValidationError', 'Stack with id akin does not exist'),
      'expected a stack that is deployed, got "akin"',
    ],
    [200, stackWith(output('Bucket', 'b')), 'expected a stack of akin, with an output Api, got "akin" of us-east-1'],
    [403, fault('AccessDenied', 'no'), 'expected permission to use the stack akin, AWS denies it (no)'],
    [403, fault('InvalidClientTokenId', 'bad'), 'expected AWS credentials that are valid for the stack akin'],
  ])('is told in a sentence where CloudFormation answers %d %s', async (status, answer, sentence) => {
    await cloudformation(status, answer);

    const address = stackAddress('akin');

    await expect(address).rejects.toThrow(sentence);
    await expect(address).rejects.toSatisfy((error) => error instanceof Invalid || error instanceof NotFound);
  });

  it('is told in a sentence where CloudFormation cannot be reached', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', 'http://127.0.0.1:1');

    await expect(stackAddress('akin')).rejects.toThrow(
      'expected CloudFormation at http://127.0.0.1:1, could not reach',
    );
  });

  it('passes on a failure of CloudFormation as one of its own', async () => {
    await cloudformation(503, 'busy');

    await expect(stackAddress('akin')).rejects.toThrow('no reason given');
  });

  it.each([
    ['credentials', ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'], 'expected AWS credentials to use the stack akin'],
    ['a region', ['AWS_REGION'], 'expected a region to look for the stack "akin" in, found none; set AWS_REGION'],
  ])('needs %s of the environment', async (_, missing, sentence) => {
    for (const name of missing) vi.stubEnv(name, undefined);
    const nowhere = join(temporaryFolder(), 'none');
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, nowhere);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    // The client of the process has found its region already.
    const fresh = await import('#adapters/stack-address.ts');

    await expect(fresh.stackAddress('akin')).rejects.toThrow(sentence);
  });

  it('is an address as it was given', async () => {
    expect(await stackAddress(ADDRESS)).toEqual({ url: ADDRESS });
  });

  it.each(['', 'a b', '-akin', '9akin', 'akin_test', '../akin'])('is not what %j names', async (where) => {
    await expect(stackAddress(where)).rejects.toThrow('expected the name of a stack, local, or the address');
  });

  it('is that of the laptop while a stack runs there', async () => {
    const folder = temporaryFolder();
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const file = join(folder, LOCAL_ADDRESS_FILE);
    const address = { url: 'http://127.0.0.1:1/v1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } };

    await expect(stackAddress('local')).rejects.toThrow('expected a stack that runs on this laptop, found none');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(address));
    expect(await stackAddress('local')).toEqual(address);
    writeFileSync(file, '{}');
    await expect(stackAddress('local')).rejects.toThrow(`expected the address of a stack in ${LOCAL_ADDRESS_FILE}`);
  });
});
