/**
 * What people and pipes see. A terminal gets colour, tables and a progress bar; anything else gets plain lines; a caller
 * who asks for JSON gets JSON alone on the standard output. Progress and warnings never mix with results.
 */
import { styleText } from 'node:util';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import type { Watch } from '#application/ports.ts';

type Output = NodeJS.WriteStream;

/** Characters that a terminal would obey: ids and feature names come from files that anybody may have written. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

const NO_LINES = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'].map((side) => [
    side,
    '',
  ]),
);

/** `1 user`, `2 users`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export class Terminal {
  readonly #results: Output;
  readonly #remarks: Output;
  readonly #quiet: boolean;
  #stage: { readonly name: string; readonly start: number; readonly bar: SingleBar | undefined } | undefined;

  /** `results` takes what was asked for, `remarks` progress and warnings; `quiet` leaves progress out. */
  constructor(results: Output, remarks: Output, quiet = false) {
    this.#results = results;
    this.#remarks = remarks;
    this.#quiet = quiet;
  }

  get isInteractive(): boolean {
    return this.#results.isTTY === true;
  }

  /** A line of the result. */
  print(text = ''): void {
    this.#results.write(`${text}\n`);
  }

  /** Text as it is, whole even where the reader is slow. */
  async write(text: string): Promise<void> {
    if (this.#results.write(text)) return;
    await new Promise((resolve) => this.#results.once('drain', resolve));
  }

  json(value: unknown): void {
    this.#results.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  title(text: string): void {
    this.print(styleText('bold', text, { stream: this.#results }));
  }

  warn(text: string): void {
    this.finishStage();
    const word = styleText('yellow', 'warning:', { stream: this.#remarks });
    this.#remarks.write(`${word} ${printable(text)}\n`);
  }

  /** The one sentence, and below it what helps to find a bug. */
  fail(text: string, details: readonly string[] = []): void {
    this.abandonStage();
    const word = styleText('red', 'akin:', { stream: this.#remarks });
    this.#remarks.write(`${[`${word} ${printable(text)}`, ...details.map(printable)].join('\n')}\n`);
  }

  /** Columns in a frame on a terminal, in plain text elsewhere; numbers to the right. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const table = new Table({
      head: [...head],
      colAligns: head.map((_, at) => (typeof rows[0]?.[at] === 'number' ? 'right' : 'left')),
      style: this.isInteractive
        ? { head: ['bold'], border: ['gray'], compact: true }
        : { head: [], border: [], compact: true, 'padding-left': 0 },
      ...(this.isInteractive
        ? {}
        : {
            chars: {
              ...NO_LINES,
              left: '',
              'left-mid': '',
              mid: '',
              'mid-mid': '',
              right: '',
              'right-mid': '',
              middle: ' ',
            },
          }),
    });
    for (const row of rows) table.push(row.map((cell) => (typeof cell === 'number' ? String(cell) : printable(cell))));
    const lines = table.toString().split('\n');
    for (const line of lines) this.print(line.trimEnd());
  }

  /** The progress of long work: a bar on a terminal, and a line with the time when a stage is done. */
  readonly watch: Watch = (name, done, total) => {
    if (this.#quiet) return;
    if (this.#stage?.name !== name) {
      this.finishStage();
      this.#stage = { name, start: performance.now(), bar: this.#barFor(name) };
    }
    this.#stage.bar?.update(total > 0 ? done / total : 0);
  };

  /** How the stage of now is going: beside its bar on a terminal, and in a line elsewhere. */
  note(text: string): void {
    if (this.#quiet || !this.#stage) return;
    if (this.#stage.bar) this.#stage.bar.update({ note: text });
    else this.#remarks.write(`${this.#stage.name}: ${text}\n`);
  }

  /** Call it when the work is done. */
  finishStage(): void {
    if (!this.#stage) return;
    const { name, start } = this.#stage;
    this.abandonStage();
    const mark = styleText('green', '✓', { stream: this.#remarks });
    const lead = this.#remarks.isTTY ? `${mark} ` : '';
    this.#remarks.write(`${lead}${name.padEnd(24)}${((performance.now() - start) / 1000).toFixed(2).padStart(7)} s\n`);
  }

  abandonStage(): void {
    this.#stage?.bar?.stop();
    this.#stage = undefined;
  }

  #barFor(name: string): SingleBar | undefined {
    if (!this.#remarks.isTTY) return undefined;
    const bar = new SingleBar({
      stream: this.#remarks,
      format: `  ${name.padEnd(24)}{bar} {percentage} % {note}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      clearOnComplete: true,
      hideCursor: false,
      fps: 20,
    });
    bar.start(1, 0, { note: '' });
    return bar;
  }
}
