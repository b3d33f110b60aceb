/** Where a stack's API is, by its address, by the stack's name in CloudFormation, or as the one that runs on this laptop. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import { Invalid, NotFound } from '#application/errors.ts';
import { regionOfEnvironment } from './aws-clients.ts';
import { explainedAwsFault, explainingAwsFaults } from './aws-faults.ts';
import { type Credentials, signedHeaders } from './request-signature.ts';
import { systemCodeOf } from './system-faults.ts';

export interface StackAddress {
  readonly url: string;
  /** Those of the environment where there are none. */
  readonly credentials?: Credentials;
}

/** Written by the stack on a laptop while it runs, in the folder that it is started in. */
export const LOCAL_ADDRESS_FILE = '.akin/stack/address.json';

export const LocalAddress = z.object({
  url: z.string(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
}) satisfies z.ZodType<StackAddress>;

/** The output of the stack that holds the address. */
const OUTPUT = 'Api';

/** Throws Invalid or NotFound, with what to do, where there is no such stack. */
export async function stackAddress(where: string): Promise<StackAddress> {
  if (where === 'local') return localAddress();
  if (/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(where)) return { url: await outputOf(where) };
  if (URL.canParse(where)) return { url: where };
  throw new Invalid(
    `expected the name of a stack, local, or the address of a stack's API (https://…/v1), got ${JSON.stringify(where)}`,
  );
}

async function localAddress(): Promise<StackAddress> {
  try {
    return LocalAddress.parse(JSON.parse(await readFile(resolve(LOCAL_ADDRESS_FILE), 'utf8')));
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ENOENT')
      throw new Invalid(`expected the address of a stack in ${LOCAL_ADDRESS_FILE}, got something else`, { cause });
    throw new NotFound('expected a stack that runs on this laptop, found none; `npm start` in this folder starts it');
  }
}

async function outputOf(stack: string): Promise<string> {
  const region = await regionOf(stack);
  const found = await described(stack, region);
  const member = found.split('<member>').find((text) => text.includes(`<OutputKey>${OUTPUT}</OutputKey>`));
  const value = member && /<OutputValue>([^<]+)<\/OutputValue>/.exec(member)?.[1];
  if (value !== undefined) return value;
  throw new NotFound(
    `expected a stack of akin, with an output ${OUTPUT}, got ${JSON.stringify(stack)} of ${region}, which has none`,
  );
}

async function regionOf(stack: string): Promise<string> {
  try {
    return await regionOfEnvironment();
  } catch (cause) {
    const sentence = `expected a region to look for the stack ${JSON.stringify(stack)} in, found none; set AWS_REGION`;
    throw new Invalid(sentence, { cause });
  }
}

/** What CloudFormation says of the stack, as XML. */
async function described(stack: string, region: string): Promise<string> {
  const url = new URL(process.env.AWS_ENDPOINT_URL_CLOUDFORMATION ?? endpointIn(region));
  const body = new URLSearchParams({ Action: 'DescribeStacks', Version: '2010-05-15', StackName: stack }).toString();
  const method = 'POST';
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = { service: 'cloudformation', region, method, url, body, headers: type, credentials: undefined };
  const headers = await explainingAwsFaults(`the stack ${stack}`, () => signedHeaders(request));
  const response = await fetch(url, { method, headers, body }).catch((cause: unknown) => {
    throw new Invalid(`expected CloudFormation at ${url.origin}, could not reach it`, { cause });
  });
  const answer = await response.text();
  if (response.ok) return answer;
  throw faultOf(answer, response.status, stack, region);
}

function endpointIn(region: string): string {
  return `https://cloudformation.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`;
}

function faultOf(answer: string, status: number, stack: string, region: string): unknown {
  const code = /<Code>([^<]+)<\/Code>/.exec(answer)?.[1] ?? String(status);
  const message = /<Message>([^<]+)<\/Message>/.exec(answer)?.[1] ?? 'no reason given';
  if (code === 'ValidationError' && message.endsWith('does not exist'))
    return new NotFound(
      `expected a stack that is deployed, got ${JSON.stringify(stack)}, which ${region} does not have`,
    );
  const fault = Object.assign(new Error(message), { name: code });
  return explainedAwsFault(fault, `the stack ${stack}`);
}
