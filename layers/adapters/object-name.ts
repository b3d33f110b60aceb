/** What may name an object, alike in every store: a path that has no way out of its store. */

const DOTS = new Set(['.', '..']);

/** Refuses a name that lies outside of its store, or that two stores would read differently. */
export function checkObjectName(name: string): void {
  if (!isObjectName(name)) throw outsideOfStore(name);
}

/** Refuses a prefix that no name could start with, because its folder is no folder of a store. */
export function checkObjectPrefix(prefix: string): void {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder !== '' && !isObjectName(folder)) throw outsideOfStore(prefix);
}

export function isObjectName(name: string): boolean {
  return name !== '' && !name.startsWith('/') && !name.split('/').some((part) => DOTS.has(part));
}

export function outsideOfStore(name: string): RangeError {
  return new RangeError(`expected an object name that stays within its store, got ${JSON.stringify(name)}`);
}
