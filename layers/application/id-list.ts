/** A list of user ids as it was given. */
export interface IdList {
  readonly source: string;
  readonly sha256: string;
  /** Each id once, in the order given. */
  readonly ids: readonly string[];
  readonly duplicates: number;
}
