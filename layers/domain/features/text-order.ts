/** The one order of texts: by UTF-16 unit, which no locale changes. */
export function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
