/** Lambda's client, apart from the others: only what pins indexes needs it, and no other function is to carry it. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { ATTEMPTS, once } from './aws-clients.ts';

export const openLambda: () => Promise<LambdaClient> = once(async () => {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  return new LambdaClient({ maxAttempts: ATTEMPTS });
});
