/** An endpoint with some services for the length of a test, and how an SDK client is pointed at it. */
import { onTestFinished } from 'vitest';
import { AwsEndpoint } from '#infra/local/aws-endpoint.ts';
import { REGION, type Service } from '#infra/local/aws-service.ts';

export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
}

export interface LocalEndpoint {
  readonly config: ClientConfig;
  /** The calls that were made, as `action resource`. */
  readonly calls: readonly string[];
}

export async function localEndpoint(services: Readonly<Record<string, Service>>): Promise<LocalEndpoint> {
  const calls: string[] = [];
  const endpoint = new AwsEndpoint({
    services,
    secretOf: () => 'secret',
    observe: (_, { action, resource }, moment) => {
      if (moment === 'before') calls.push(`${action} ${resource}`);
    },
  });
  const url = await endpoint.start();
  onTestFinished(() => endpoint.stop());
  const credentials = { accessKeyId: 'tester', secretAccessKey: 'secret' };
  return { config: { endpoint: url, region: REGION, credentials, maxAttempts: 1 }, calls };
}
