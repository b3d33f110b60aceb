/**
 * The lines that begin within a range of bytes, whole: a line belongs to the range in which its first byte lies, so that
 * ranges that cover a file cover each of its lines once.
 */
const LINE_FEED = 10;

/**
 * `bytes` begin one byte before the range if `isMidway` (the byte tells whether a line begins with the range), and go on
 * beyond it; the range ends after `length` of them.
 */
export async function* wholeLines(
  bytes: AsyncIterable<Uint8Array>,
  isMidway: boolean,
  length: number,
): AsyncGenerator<Uint8Array> {
  let isBegun = !isMidway;
  let at = 0;
  for await (const chunk of bytes) {
    let first = 0;
    if (!isBegun) {
      const feed = chunk.indexOf(LINE_FEED);
      first = feed < 0 ? chunk.length : feed + 1;
      if (at + first >= length) return; // the line that begins here, or later, is another range's
      isBegun = feed >= 0;
    }
    const last = chunk.indexOf(LINE_FEED, Math.max(first, length - 1 - at));
    const lines = chunk.subarray(first, last < 0 ? chunk.length : last + 1);
    if (lines.length > 0) yield lines;
    if (last >= 0) return;
    at += chunk.length;
  }
}
