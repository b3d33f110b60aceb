/** Files of a few users each, right and nearly right, by the thousand: what breaks a reader that looks at bytes. */
import type { Random } from '#domain/random.ts';

/** Lengths about those that are looked at at once. */
const LENGTHS = [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64];
const LIMITS = [341, 342, 512, 513, 1022, 1023, 1024, 1025, 1026, 3072];
const LETTERS = ['a', 'b', 'x', '7', ':', ' ', 'ö', '中', '😀', '|', ';', ','];
const ODD_LETTERS = ['"', '\\', '\u0000', '\t', '\r', '\u00a0', '\u3000', '\ufeff', '\u2028', '\u007f', '[', '/', "'"];
const SPACES = ['', ' ', '  ', '\t', '\r'];
const NO_SPACES = ['\u00a0', '\u000b', '\n', '\ufeff'];
const NUMBERS = (
  '0 1 1 2 5 10 0.5 0.25 1.5 2.50 0.1 1e3 1E-2 1e+2 -0 -1 00 01 1. .5 +1 0x10 1_0 NaN Infinity 1e999 null true "1" [1] ' +
  '999999999999999 1000000000000000 1000000000000001 1e15 1e16 123456789012345.6 0.1234567890123456 0.000000000000001 ' +
  '1e-50 16777217 0.30000001192092896 4.35 12345678.9 99999999999999.9 0.123456789012345 123456789012.345'
).split(' ');
const BYTES = [
  ...Buffer.from('"\\,:[]{} \t\r\n|;0.eE-+a'),
  0,
  0x1f,
  0x7f,
  0x80,
  0xa0,
  0xbf,
  0xc2,
  0xe2,
  0xed,
  0xf0,
  0xff,
];

class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  is(chance: number): boolean {
    return this.#random() < chance;
  }

  one<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }
}

/** NDJSON of some lines, and how many. */
export function ndjsonFile(random: Random, lineCount: number): Buffer {
  const dice = new Dice(random);
  const lines = Array.from({ length: lineCount }, () => jsonLine(dice) + dice.one(['\n', '\n', '\n', '\r\n']));
  return broken(dice, Buffer.from(withoutEnd(dice, lines.join(''))), lineCount);
}

/** CSV in one of its three forms: a header, and some rows. */
export function csvFile(random: Random, rowCount: number): Buffer {
  const dice = new Dice(random);
  const delimiter = dice.one([',', ',', ';', '\t']);
  const columns = dice.one([
    ['id', 'features'],
    ['features', 'id', 'weights'],
    ['user_id', 'feature'],
    ['ID', 'feature', 'weight'],
    ['id', 'age', 'city'],
    ['a b', 'id', 'ü', 'x'.repeat(dice.one([14, 15, 16, 500]))],
  ]);
  const header = columns.map((name) => (dice.is(0.1) ? `"${name}"` : name)).join(delimiter);
  let user = 0;
  const rows = Array.from({ length: rowCount }, () => {
    if (dice.is(0.6)) user++;
    const count = dice.below(5);
    const cells = columns.map((name) => cellOf(dice, cellText(dice, name, user, count), delimiter));
    if (dice.is(0.005)) cells.push(dice.one(['', 'x']));
    if (dice.is(0.005)) cells.pop();
    return cells.join(delimiter);
  });
  const ends = dice.is(0.2) ? ['\r\n'] : ['\n', '\n', '\n', '\n', '\n', '\n\n', '\r\n', '\n\r\n'];
  const text = [header, ...rows].map((row) => row + dice.one(ends)).join('');
  return broken(dice, Buffer.from(withoutEnd(dice, text)), rowCount);
}

function withoutEnd(dice: Dice, text: string): string {
  return dice.is(0.2) ? text.replace(/\r?\n$/, dice.one(['', '\r'])) : text;
}

/** In one of some files a byte or two are others. */
function broken(dice: Dice, bytes: Buffer, lineCount: number): Buffer {
  if (!dice.is(0.03 * lineCount)) return bytes;
  const [at, count] = [dice.below(bytes.length), dice.below(3)];
  const put = Buffer.from(dice.times(2, () => dice.one(BYTES)));
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + count)]);
}

function nameOf(dice: Dice, oddness: number): string {
  if (dice.is(0.5)) return dice.one(['age:25-34', 'item:12', 'a', 'b:1', 'city:Köln', 'ü']);
  if (dice.is(oddness / 4)) return dice.one(['', '\ud800', 'x'.repeat(dice.one(LIMITS)), 'ü'.repeat(dice.one(LIMITS))]);
  const length = dice.one(LENGTHS);
  const letters = Array.from({ length }, () => (dice.is(oddness / 4) ? dice.one(ODD_LETTERS) : dice.one(LETTERS)));
  return dice.is(0.5) ? letters.join('') : `${dice.below(10)}`.repeat(length);
}

function jsonLine(dice: Dice): string {
  if (dice.is(0.04)) return dice.one(['', ' ', '\t', '\r', '\u00a0', '\u000b']);
  if (dice.is(0.01)) return dice.one(['[]', 'null', '7', '"x"', '{}', '{"id":"u"}']);
  const space = dice.is(0.7)
    ? () => ''
    : dice.is(0.9)
      ? () => dice.one(SPACES)
      : () => dice.one(dice.is(0.05) ? NO_SPACES : SPACES);
  const features = distinct(
    dice,
    dice.times(6, () => nameOf(dice, 0.02)),
  );
  const listed = (items: readonly string[]) => `[${space()}${items.join(`${space()},${space()}`)}${space()}]`;
  const fields = [
    [`"id"`, textOf(dice, nameOf(dice, 0.02))],
    [`"features"`, listed(features.map((feature) => textOf(dice, feature)))],
  ];
  if (dice.is(0.3)) fields.push([`"weights"`, listed(features.map(() => numberText(dice)))]);
  if (dice.is(0.02)) fields.push([dice.one(['"x"', '"id"', '"__proto__"', '"features"', '"i\\u0064"']), odd(dice)]);
  if (dice.is(0.03)) fields.push(fields.splice(dice.below(fields.length), 1)[0]);
  const inside = fields.map(([key, value]) => `${space()}${key}${space()}:${space()}${value}${space()}`).join(',');
  return `${space()}{${inside}}${space()}`;
}

/** Mostly. */
function distinct(dice: Dice, names: readonly string[]): readonly string[] {
  return dice.is(0.995) ? [...new Set(names)] : names;
}

function numberText(dice: Dice): string {
  return dice.is(0.97) ? dice.one(['1', '2', '0', '0.5', '1e3', `${dice.below(1e6) / 1000}`]) : dice.one(NUMBERS);
}

function odd(dice: Dice): string {
  return dice.one(['1', 'null', '[]', '{"a":[{}]}', '"y"', `${'['.repeat(300)}${']'.repeat(300)}`, '["a"]', 'x']);
}

/** As JSON, some letters of it escaped where they need not be, or not where they must. */
function textOf(dice: Dice, text: string): string {
  if (text.length > 300 && dice.is(0.5))
    return JSON.stringify(text).replace(/[xü]/, dice.one(['\\u00fc', '\\t', '\\/']));
  if (dice.is(0.97)) return JSON.stringify(text);
  if (dice.is(0.1)) return `"${text}"`;
  return `"${text.replaceAll(/./g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

function cellText(dice: Dice, name: string, user: number, count: number): string {
  if (/id$/i.test(name)) return dice.is(0.97) ? `u${user}` : nameOf(dice, 0.1);
  if (name === 'weight') return numberText(dice);
  if (name === 'feature') return nameOf(dice, 0.02) + (dice.is(0.95) ? dice.below(100) : '');
  if (name !== 'features' && name !== 'weights') return dice.is(0.1) ? '' : nameOf(dice, 0.02);
  if (name === 'weights' && dice.is(0.5)) return '';
  const some = Array.from({ length: dice.is(0.98) ? count : dice.below(4) }, (_, n) =>
    name === 'weights'
      ? numberText(dice)
      : dice.is(0.98)
        ? `${n}${nameOf(dice, 0.02).replaceAll(/[|;,]/g, '')}`
        : nameOf(dice, 0.1),
  );
  if (dice.is(0.05)) return JSON.stringify(some);
  return some.join(dice.is(0.95) ? dice.one(['|', ';', ',']) : dice.one([' | ', ' ', '\u00a0|\u3000', '|\t']));
}

function cellOf(dice: Dice, text: string, delimiter: string): string {
  const mustQuote = /["\r\n]/.test(text) || text.includes(delimiter);
  if (dice.is(0.005)) return dice.one([`${text}"`, `"${text}`, `"${text}"x`, ` "${text}"`, `${text}\r`]);
  return mustQuote || dice.is(0.15) ? `"${text.replaceAll('"', '""')}"` : text;
}
