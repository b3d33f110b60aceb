/** SHA-256 as lower-case hexadecimal digits. */
export async function sha256Of(bytes: Uint8Array | string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes that no other thread can write to: only those that one could are copied. */
function unshared(bytes: Uint8Array | string): Uint8Array<ArrayBuffer> {
  if (typeof bytes === 'string') return new TextEncoder().encode(bytes);
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}
