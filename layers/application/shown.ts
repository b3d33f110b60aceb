/** A value that came in, as a message may show it. */

/** What a terminal would obey, or a reader not see. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

/** Short, in one line, and nothing that a terminal would obey. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value); // JSON would call Infinity null
  // What lies deeper is left out: it may lie deeper than the stack is high.
  const text = JSON.stringify(value, (_, inner: unknown) => (inner !== value && isObjectOrList(inner) ? '…' : inner));
  const short = text.length <= 60 ? text : `${text.slice(0, 57)}…`;
  return short.replace(UNPRINTABLE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`);
}

function isObjectOrList(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
