/** The environment of a function's process: what Lambda gives, what the template gives, and nothing of the person's. */
import { join } from 'node:path';
import { REGION } from '../aws-service.ts';

export interface EnvironmentInput {
  readonly name: string;
  readonly task: string;
  readonly handler: string;
  readonly memoryMiB: number;
  /** The template's, and the keys that the function signs its calls with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folders as they are unpacked to /opt, each over the ones before it. */
  readonly layers: readonly string[];
  readonly runtimeApi: string;
  readonly logStream: string;
  /** The process's own /tmp. */
  readonly temporary: string;
}

export function sandboxEnvironment(input: EnvironmentInput): Record<string, string> {
  return {
    // Lambda lets a function have its own word on these …
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
    NODE_PATH: input.layers
      .map((layer) => join(layer, 'nodejs', 'node_modules'))
      .toReversed()
      .join(':'),
    // What is unpacked to /opt there; here each layer has a folder of its own.
    LAYER_FOLDERS: input.layers.join(':'),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    ...input.environment,
    // … and not on these.
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: input.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(input.memoryMiB),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${input.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: input.logStream,
    AWS_LAMBDA_RUNTIME_API: input.runtimeApi,
    LAMBDA_TASK_ROOT: input.task,
    _HANDLER: input.handler,
    TMPDIR: input.temporary,
    // Not the person's, where the SDK would find the keys to their account.
    HOME: input.temporary,
  };
}
