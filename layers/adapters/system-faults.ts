/** What the operating system refuses, as one sentence that says what to do. */
import { Invalid } from '#application/errors.ts';

const SENTENCES: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `expected a file at ${path}, found nothing there`,
  EISDIR: (path) => `expected a file at ${path}, found a folder`,
  ENOTDIR: (path) => `expected a folder on the way to ${path}, found a file`,
  EEXIST: (path) => `expected a folder at ${path}, found a file`,
  EACCES: (path) => `expected permission to use ${path}, the system denies it`,
  EPERM: (path) => `expected permission to use ${path}, the system denies it`,
  EROFS: (path) => `expected to write ${path}, but the disk is read-only`,
  ENOSPC: (path) => `expected room on the disk to write ${path}, but it is full; nothing was changed`,
  EDQUOT: (path) => `expected room to write ${path}, but the disk quota is used up; nothing was changed`,
  EFBIG: (path) =>
    `expected room to write ${path}, but the file grows beyond what the system allows; nothing was changed`,
  ENAMETOOLONG: (path) => `expected a shorter path than ${path.slice(0, 80)}…`,
};

/** The error code of a system call's failure, if it is one. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The caller's own mistake as Invalid; anything else as it came. */
export function explainedFault(error: unknown, path: string): unknown {
  const sentence = SENTENCES[systemCodeOf(error) ?? ''];
  if (sentence) return new Invalid(sentence(path), { cause: error });
  if (!(error instanceof Error && 'syscall' in error)) return error;
  return new Invalid(`expected the system to let ${path} be used, got ${error.message}`, { cause: error });
}
