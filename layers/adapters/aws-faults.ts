/** What AWS refuses for a reason that the caller can remove, as one sentence that says what to do. */
import { Invalid } from '#application/errors.ts';

const noCredentials = (what: string) =>
  `expected AWS credentials to use ${what}, found none; sign in, or set AWS_PROFILE`;
const refusedCredentials = (what: string, answer: string) =>
  `expected AWS credentials that are valid for ${what}, AWS refuses them (${answer}); sign in again`;
const noPermission = (what: string, answer: string) =>
  `expected permission to use ${what}, AWS denies it (${answer}); ask for it to be added to this role`;
const wrongRegion = (what: string, answer: string) =>
  `expected ${what} in this region, AWS has it in another one (${answer}); set AWS_REGION`;

const SENTENCES: Readonly<Record<string, (what: string, answer: string) => string>> = {
  CredentialsProviderError: noCredentials,
  TokenProviderError: noCredentials,
  ExpiredToken: refusedCredentials,
  ExpiredTokenException: refusedCredentials,
  InvalidToken: refusedCredentials,
  InvalidClientTokenId: refusedCredentials,
  InvalidAccessKeyId: refusedCredentials,
  UnrecognizedClientException: refusedCredentials,
  SignatureDoesNotMatch: refusedCredentials,
  InvalidSignatureException: refusedCredentials,
  RequestTimeTooSkewed: (what, answer) =>
    `expected this machine's clock to be right to use ${what}, AWS finds it wrong (${answer})`,
  // S3's own word for it, and for what is not there where the caller may not list.
  AccessDenied: (what, answer) => `${noPermission(what, answer)}, or see whether it is there at all`,
  AccessDeniedException: noPermission,
  NoSuchBucket: (what) =>
    `expected the bucket of ${what}, found none of that name; deploy the stack, or correct the name`,
  ResourceNotFoundException: (what) =>
    `expected ${what}, found none of that name; deploy the stack, or correct the name`,
  PermanentRedirect: wrongRegion,
  AuthorizationHeaderMalformed: wrongRegion,
  KeyTooLongError: (what) => `expected a shorter name than ${what.slice(0, 80)}…`,
};

/** The caller's own mistake as Invalid; anything else as it came. */
export function explainedAwsFault(error: unknown, what: string): unknown {
  if (!(error instanceof Error)) return error;
  if (!Object.hasOwn(SENTENCES, error.name)) return error;
  return new Invalid(SENTENCES[error.name](what, error.message), { cause: error });
}

/** Does the work, and explains what AWS refuses of it. */
export async function explainingAwsFaults<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainedAwsFault(error, what);
  }
}

/** Whether AWS refused for this reason, by its own name of it. */
export function isAwsFault(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
