/** Something to write to that is a terminal or none, and remembers what was written. */
import { Socket } from 'node:net';

export class Screen extends Socket {
  text = '';
  readonly columns = 100;
  readonly rows = 30;
  readonly isTTY: boolean;
  #release: (() => void) | undefined;

  /** A slow one takes a write only when `takeNext` is called. */
  readonly isSlow: boolean;

  constructor({ isTTY = false, isSlow = false } = {}) {
    super();
    this.isTTY = isTTY;
    this.isSlow = isSlow;
  }

  override _write(chunk: Uint8Array | string, _encoding: BufferEncoding, done: () => void): void {
    this.text += String(chunk);
    if (this.isSlow) this.#release = done;
    else done();
  }

  takeNext(): void {
    this.#release?.();
  }

  clearLine(): boolean {
    return true;
  }

  clearScreenDown(): boolean {
    return true;
  }

  cursorTo(): boolean {
    return true;
  }

  moveCursor(): boolean {
    return true;
  }

  getColorDepth(): number {
    return this.isTTY ? 8 : 1;
  }

  hasColors(): boolean {
    return this.isTTY;
  }

  getWindowSize(): [number, number] {
    return [this.columns, this.rows];
  }
}
