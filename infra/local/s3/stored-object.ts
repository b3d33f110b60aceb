/** What is known of a stored object beside its bytes, and how that is written down. */
import * as z from 'zod';

const storedObject = z.strictObject({
  key: z.string(),
  size: z.number(),
  etag: z.string(),
  /** In milliseconds since 1970, of whole seconds: S3 knows no others. */
  modified: z.number(),
  /** Rises with each change of the object. */
  sequencer: z.string(),
  /** As they were sent with it: its type, and the caller's own. */
  headers: z.record(z.string(), z.string()),
  /** By the name of their header. */
  checksums: z.record(z.string(), z.string()),
  /** Whether its key is no path of a file, so that its bytes are kept under an escaped name. */
  isEscaped: z.boolean(),
  /** The name of the file that its bytes were written to before they came to their place. */
  written: z.string(),
});

export type StoredObject = Readonly<z.infer<typeof storedObject>>;

/** What is known of an object before it has its place. */
export type ObjectDescription = Omit<StoredObject, 'isEscaped' | 'written'>;

/** Undefined for a text that ends too early, as it does where the process ended while it wrote. */
export function readStoredObject(text: string): StoredObject | undefined {
  try {
    return storedObject.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
