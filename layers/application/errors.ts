/**
 * The three failures that a caller can act on; everything else is a bug. Each message is one sentence that says what
 * was expected, what came, and where.
 */

/** What was given cannot be used. */
export class Invalid extends Error {
  override readonly name = 'Invalid';
}

/** What was given is not enough to learn from. */
export class NothingToLearn extends Invalid {}

/** What was asked for is not there. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}

/** Somebody else was faster. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}
