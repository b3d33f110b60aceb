/** What an AWS service on the laptop is: one object that names the calls a request makes, and answers it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

/** A request as it came in, its body read whole and its signature already checked. */
export interface ServiceRequest {
  readonly method: string;
  readonly url: URL;
  /** The path as it was sent, for S3: it takes `..` for a name, a URL takes it for a step up. */
  readonly rawPath?: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable;
}

/** One use of one permission: `s3:GetObject` on `arn:aws:s3:::bucket/key`. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  /** What conditions of policies may ask about: `s3:prefix` of a list. */
  readonly context?: Readonly<Record<string, string>>;
}

export interface Service {
  /** What the request would do, before it is done; AwsFault 501 for an operation that is not known here. */
  calls(request: ServiceRequest): readonly Call[];
  answer(request: ServiceRequest): ServiceResponse | Promise<ServiceResponse>;
  /** How it tells of a request that was refused before it saw it, where it tells so otherwise than the others do. */
  refusal?(fault: AwsFault, isSigned: boolean): ServiceResponse;
  /** Whether a path is its own, by which unsigned requests are known. */
  owns?(path: string): boolean;
}

/** A failure as AWS tells it: a status, a code that SDKs know, and a sentence. */
export class AwsFault extends Error {
  override readonly name = 'AwsFault';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What is not known is refused by its name: an emulator that guesses is worse than none. */
export function notKnown(what: string): AwsFault {
  return new AwsFault(501, 'NotImplemented', `expected what the local stack knows, got ${what}`);
}

export function arnOf(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}
