// Reads rows of users out of bytes, in AssemblyScript: reader-module.ts is made of it by `npm run build:kernels`, reader.ts
// starts it. It takes what is usual and leaves the rest, which its caller reads slowly; user-file.ts says what is what.
//
// Names of features become numbers, in the order in which they are first met: their bytes are hashed where they stand, and
// compared with those that are known. Sixteen bytes are looked at at once, also beyond the end of what is read.

// Limits of a user (user-record.ts). Names are measured in bytes, of which a text has as many as letters or more.
const MOST_NAME: u32 = 1024;
const MOST_FEATURES: u32 = 10_000;

// The memory, by address. Rows that are done wait here until they are taken.
const OPEN_ID: usize = 0x1000; // the id of the user whose rows are being read, one feature a row
export const TEXT: usize = 0x2000; // one name, put together; of 1,024 letters at most, which are 3,072 bytes
export const ROW_STARTS: usize = 0x10000; // u32 (MOST_ROWS + 1)
const MOST_ROWS: i32 = 0x4000;
export const IDS: usize = ROW_STARTS + 0x10010; // of each row three u32: address and length of the id, and the line
export const COLUMNS: usize = IDS + 12 * <usize>MOST_ROWS; // u32
const MOST_COLUMNS: u32 = 0x10000 + MOST_FEATURES;
export const WEIGHTS: usize = COLUMNS + 4 * <usize>MOST_COLUMNS; // f32
export const INPUT: usize = 0x100000;
export const MOST_INPUT: usize = 0x110000;
const UNQUOTED: usize = INPUT + MOST_INPUT + 64; // texts that do not stand in the input as they are, of all that is given at once
const HEAP: usize = UNQUOTED + MOST_INPUT + 64;

// How reading ended.
const DONE: i32 = 0;
const FULL: i32 = 1; // rows must be taken first
const UNUSUAL: i32 = 2; // what follows must be read otherwise
const UNUSUAL_ROW: i32 = 3; // of a record that was read, the cells
const UNFINISHED: i32 = 4; // the record that follows has no end yet

export let status: i32 = 0;
export let line: i32 = 0; // lines that are read
export let recordLine: i32 = 0; // on which the last record of CSV ended
export let rowCount: i32 = 0;
export let columnCount: u32 = 0;
export let isWeighted: bool = false; // whether some weight is not 1
export let featureCount: u32 = 0;
export let openCount: u32 = 0; // features of the row that is being read, those of no weight included

let rowNumber: u32 = 0; // marks which features the row has

const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const LINE_FEED: u32 = 0x0a;
const RETURN: u32 = 0x0d;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;

// --- names and their numbers

const FIRST_SLOTS: u32 = 0x1000;
const ARENA: usize = 0x10000;
// A slot is of four u32 (hash; number + 1, or 0 where it is free; length; address of the name) and the first 16 bytes of the name,
// so that next to every name is known from one place in memory.
const SLOT_BYTES: usize = 32;
let slots: usize = 0;
let slotMask: u32 = 0;
let names: usize = 0; // by number two u32: address and length
let marks: usize = 0; // by number: the last row that has the feature
let nameRoom: u32 = 0; // for so many
let arena: usize = 0; // names lie one behind the other, with zeros up to a multiple of 16
let arenaEnd: usize = 0;
let heap: usize = 0;

export function reset(): void {
  heap = HEAP;
  featureCount = openCount = rowNumber = nameRoom = 0;
  slots = emptySlots(FIRST_SLOTS);
  growNames(FIRST_SLOTS);
  arena = arenaEnd = 0;
  line = recordLine = 0;
  takeRows();
}

export function takeRows(): void {
  rowCount = 0;
  columnCount = 0;
  isWeighted = false;
}

export function allocate(bytes: usize): usize {
  const at = heap;
  heap = (heap + bytes + 31) & ~15;
  const pages = <i32>((heap + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return at;
}

// Address and length of the name of a number.
export function nameAt(number: u32): usize {
  return load<u32>(names + (<usize>number << 3));
}

export function nameLength(number: u32): u32 {
  return load<u32>(names + (<usize>number << 3), 4);
}

@inline
function firstOf(bytes: v128, count: u32): v128 {
  const place = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.and(bytes, i8x16.lt_u(place, i8x16.splat(<i8>min<u32>(count, 16))));
}

@inline
function mixed(hash: u64, bytes: v128): u64 {
  hash = (hash ^ i64x2.extract_lane(bytes, 0)) * 0x9e3779b97f4a7c15;
  hash ^= hash >> 32;
  hash = (hash ^ i64x2.extract_lane(bytes, 1)) * 0xc2b2ae3d27d4eb4f;
  return hash ^ (hash >> 29);
}

@inline
function isSame(known: usize, at: usize, length: u32): bool {
  for (let done: u32 = 16; done < length; done += 16) {
    const bytes = firstOf(v128.load(at + done), length - done);
    if (v128.any_true(v128.xor(v128.load(known + done), bytes))) return false;
  }
  return true;
}

@inline
function numberOf(at: usize, length: u32): u32 {
  const begin = firstOf(v128.load(at), length);
  let mix = mixed(length, begin);
  for (let done: u32 = 16; done < length; done += 16) {
    mix = mixed(mix, firstOf(v128.load(at + done), length - done));
  }
  const hash = <u32>(mix ^ (mix >> 32));
  let slot = hash & slotMask;
  while (true) {
    const place = slots + <usize>slot * SLOT_BYTES;
    const next = load<u32>(place, 4);
    if (next == 0) return newNumber(at, length, hash, place);
    if (load<u32>(place) == hash && load<u32>(place, 8) == length) {
      const isBegun = !v128.any_true(v128.xor(v128.load(place, 16), begin));
      if (isBegun && isSame(load<u32>(place, 12), at, length)) return next - 1;
    }
    slot = (slot + 1) & slotMask;
  }
}

function newNumber(at: usize, length: u32, hash: u32, place: usize): u32 {
  const room = (<usize>length + 15) & ~15;
  if (arena + room > arenaEnd) {
    arena = allocate(ARENA);
    arenaEnd = arena + ARENA;
  }
  for (let done: u32 = 0; done < length; done += 16) {
    v128.store(arena + done, firstOf(v128.load(at + done), length - done));
  }
  const number = featureCount++;
  if (number == nameRoom) growNames(2 * nameRoom);
  store<u32>(names + (<usize>number << 3), <u32>arena);
  store<u32>(names + (<usize>number << 3), length, 4);
  store<u32>(marks + (<usize>number << 2), 0);
  store<u32>(place, hash);
  store<u32>(place, featureCount, 4);
  store<u32>(place, length, 8);
  store<u32>(place, <u32>arena, 12);
  v128.store(place, v128.load(arena), 16);
  arena += room;
  if (featureCount > slotMask - (slotMask >> 2)) growSlots();
  return number;
}

function growNames(room: u32): void {
  const oldNames = names;
  const oldMarks = marks;
  names = allocate(8 * <usize>room);
  marks = allocate(4 * <usize>room);
  memory.copy(names, oldNames, 8 * <usize>nameRoom);
  memory.copy(marks, oldMarks, 4 * <usize>nameRoom);
  nameRoom = room;
}

function emptySlots(count: u32): usize {
  const at = allocate(<usize>count * SLOT_BYTES);
  memory.fill(at, 0, <usize>count * SLOT_BYTES);
  slotMask = count - 1;
  return at;
}

// Twice as many; where they were, there is room for names.
function growSlots(): void {
  const old = slots;
  const oldEnd = old + <usize>(slotMask + 1) * SLOT_BYTES;
  slots = emptySlots(2 * (slotMask + 1));
  for (let from = old; from < oldEnd; from += SLOT_BYTES) {
    if (load<u32>(from, 4) == 0) continue;
    let slot = load<u32>(from) & slotMask;
    while (load<u32>(slots + <usize>slot * SLOT_BYTES, 4) != 0) slot = (slot + 1) & slotMask;
    const place = slots + <usize>slot * SLOT_BYTES;
    v128.store(place, v128.load(from));
    v128.store(place, v128.load(from, 16), 16);
  }
  if (oldEnd - old > arenaEnd - arena) {
    arena = old;
    arenaEnd = oldEnd;
  }
}

// --- rows

export function beginRow(id: usize, length: u32): void {
  const place = IDS + 12 * <usize>rowCount;
  store<u32>(place, <u32>id);
  store<u32>(place, length, 4);
  store<u32>(place, line, 8);
  rowNumber++;
  openCount = 0;
}

export function endRow(): void {
  rowCount++;
  setRowEnd();
}

@inline
function setRowEnd(): void {
  store<u32>(ROW_STARTS + 4 * <usize>rowCount, columnCount);
}

// Gives the row a feature; false where it has it, or has too many.
@inline
function push(at: usize, length: u32): bool {
  return give(numberOf(at, length));
}

@inline
function give(number: u32): bool {
  const mark = marks + (<usize>number << 2);
  if (load<u32>(mark) == rowNumber || openCount == MOST_FEATURES) return false;
  store<u32>(mark, rowNumber);
  const place = COLUMNS + 4 * <usize>columnCount;
  store<u32>(place, number);
  store<f32>(place + (WEIGHTS - COLUMNS), 1);
  columnCount++;
  openCount++;
  return true;
}

// The number of a name, a new one if it has none.
export function numberOfName(at: usize, length: u32): u32 {
  return numberOf(at, length);
}

// Gives the row a feature with a weight, of which nothing is not to have it.
export function giveWeighted(number: u32, weight: f32): bool {
  if (!give(number)) return false;
  weigh(columnCount - 1, weight);
  if (weight == 0) columnCount--;
  return true;
}

// The same of the row of a user who has one feature a row.
export function giveOpen(number: u32, weight: f32): bool {
  const isGiven = giveWeighted(number, weight);
  setRowEnd();
  return isGiven;
}

// Whether the row has the feature.
export function isGiven(number: u32): bool {
  return load<u32>(marks + (<usize>number << 2)) == rowNumber;
}

@inline
function weigh(column: u32, weight: f32): void {
  store<f32>(WEIGHTS + 4 * <usize>column, weight);
  if (weight != 1) isWeighted = true;
}

// Takes out what has no weight, from a column on.
function dropWeightless(from: u32): void {
  let to = from;
  for (let column = from; column < columnCount; column++) {
    const weight = load<f32>(WEIGHTS + 4 * <usize>column);
    if (weight == 0) continue;
    store<f32>(WEIGHTS + 4 * <usize>to, weight);
    store<u32>(COLUMNS + 4 * <usize>to, load<u32>(COLUMNS + 4 * <usize>column));
    to++;
  }
  columnCount = to;
}

// Whether rows must be taken before another one is read.
export function isFull(): bool {
  return rowCount == MOST_ROWS || columnCount > MOST_COLUMNS - MOST_FEATURES;
}

@inline
function isName(length: usize): bool {
  return length - 1 < <usize>MOST_NAME;
}

// --- bytes

let unquotedEnd: usize = 0; // behind the last of the texts that do not stand in the input as they are

@inline
function byte(at: usize): u32 {
  return load<u8>(at);
}

@inline
function afterSpaces(at: usize): usize {
  while (byte(at) == SPACE || byte(at) == TAB) at++;
  return at;
}

@inline
function isLineEnd(at: usize): bool {
  return byte(at) == LINE_FEED || load<u16>(at) == 0x0a0d;
}

@inline
function afterLineEnd(at: usize): usize {
  return byte(at) == LINE_FEED ? at + 1 : at + 2;
}

// Numbers of which no digit is lost: at most fifteen digits, a point among them; the first of several in a whole part is not 0.
let numberEnd: usize = 0; // 0 where it is no such number

function decimal(at: usize): f64 {
  const start = at;
  let digits: u64 = 0;
  while (byte(at) - 0x30 < 10) digits = 10 * digits + byte(at++) - 0x30;
  let count = at - start;
  numberEnd = 0;
  if (count == 0 || (count > 1 && byte(start) == 0x30)) return 0;
  let divisor: f64 = 1;
  if (byte(at) == 0x2e) {
    const point = at++;
    for (; byte(at) - 0x30 < 10 && at - start < 17; divisor *= 10) digits = 10 * digits + byte(at++) - 0x30;
    if (at == point + 1) return 0;
    count = at - start - 1;
  }
  if (count > 15) return 0;
  numberEnd = at;
  return <f64>digits / divisor;
}

// --- NDJSON: {"id":"…","features":["…",…],"weights":[…,…]}, in this order, spaces and tabs between, weights or none

// Reads lines that end within what is given, and returns where it stopped.
export function readNdjson(at: usize, end: usize): usize {
  status = DONE;
  if (at == INPUT) unquotedEnd = UNQUOTED; // the ids of other input are read
  while (at < end) {
    if (isFull()) {
      status = FULL;
      break;
    }
    const first = columnCount;
    const next = ndjsonLine(at);
    if (next == 0) {
      columnCount = first;
      status = UNUSUAL;
      break;
    }
    at = next;
    line++;
  }
  return at;
}

// Where the next line begins; 0 where this one is unusual. Every loop ends at the line feed, which is no part of anything.
function ndjsonLine(at: usize): usize {
  let p = afterSpaces(at);
  if (isLineEnd(p)) return afterLineEnd(p);
  if (byte(p) != 0x7b) return 0;
  p = afterSpaces(p + 1);
  if (load<u32>(p) != 0x22646922) return 0; // "id"
  p = afterSpaces(p + 4);
  if (byte(p) != COLON) return 0;
  p = afterSpaces(p + 1);
  if (byte(p) != QUOTE) return 0;
  let id = p + 1;
  p = textEnd(id);
  let idEnd = p;
  if (byte(p) == BACKSLASH) {
    p = unescaped(id, p, unquotedEnd);
    if (p == 0) return 0;
    id = unquotedEnd;
    idEnd = unquotedEnd = unescapedEnd;
  }
  if (byte(p) != QUOTE || !isName(idEnd - id)) return 0;
  beginRow(id, <u32>(idEnd - id));
  p = afterSpaces(p + 1);
  if (byte(p) != COMMA) return 0;
  p = afterSpaces(p + 1);
  if (load<u64>(p) != 0x6572757461656622 || load<u16>(p, 8) != 0x2273) return 0; // "features"
  p = listStart(p + 10);
  if (p == 0) return 0;
  const first = columnCount;
  p = texts(p);
  if (p == 0) return 0;
  p = afterSpaces(p);
  if (byte(p) == COMMA) {
    p = afterSpaces(p + 1);
    if (load<u64>(p) != 0x7374686769657722 || byte(p + 8) != QUOTE) return 0; // "weights"
    p = listStart(p + 9);
    if (p == 0) return 0;
    p = jsonWeights(p, first);
    if (p == 0) return 0;
    p = afterSpaces(p);
  }
  if (byte(p) != 0x7d) return 0;
  p = afterSpaces(p + 1);
  if (!isLineEnd(p)) return 0;
  endRow();
  return afterLineEnd(p);
}

@inline
function listStart(at: usize): usize {
  let p = afterSpaces(at);
  if (byte(p) != COLON) return 0;
  p = afterSpaces(p + 1);
  return byte(p) == 0x5b ? afterSpaces(p + 1) : 0;
}

// What follows in a list: behind a comma the next, behind its end 0 with `listEnd` set, or neither.
let listEnd: usize = 0;

@inline
function nextOfList(at: usize): usize {
  const p = afterSpaces(at);
  listEnd = byte(p) == 0x5d ? p + 1 : 0;
  return byte(p) == COMMA ? afterSpaces(p + 1) : 0;
}

function texts(at: usize): usize {
  if (byte(at) == 0x5d) return at + 1;
  while (byte(at) == QUOTE) {
    const text = at + 1;
    let end = textEnd(text);
    if (byte(end) == BACKSLASH) {
      end = unescaped(text, end, TEXT);
      if (end == 0 || !isName(unescapedEnd - TEXT) || !push(TEXT, <u32>(unescapedEnd - TEXT))) return 0;
    } else if (byte(end) != QUOTE || !isName(end - text) || !push(text, <u32>(end - text))) return 0;
    if (load<u16>(end, 1) == 0x222c) {
      at = end + 2; // ,"
      continue;
    }
    at = nextOfList(end + 1);
    if (at == 0) return listEnd;
  }
  return 0;
}

function jsonWeights(at: usize, first: u32): usize {
  let column = first;
  if (byte(at) == 0x5d) return columnCount == first ? at + 1 : 0;
  while (column < columnCount) {
    const weight = decimal(at);
    if (numberEnd == 0) return 0;
    weigh(column++, <f32>weight);
    at = nextOfList(numberEnd);
    if (at == 0) break;
  }
  if (column < columnCount || at != 0 || listEnd == 0) return 0;
  const end = listEnd;
  dropWeightless(first);
  return end;
}

// The first byte that a text cannot hold as it is: a quote, a backslash, a control character.
@inline
function textEnd(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
        i8x16.lt_u(bytes, i8x16.splat(0x20)),
      ),
    );
    if (ends != 0) return at + ctz(ends);
    at += 16;
  }
}

// Writes a text with escapes as it is meant, whose first one stands at `at`; returns where its closing quote stands, or 0 where
// it is unusual: too long for a name, half a surrogate pair, no escape, or no end.
let unescapedEnd: usize = 0;

function unescaped(text: usize, at: usize, to: usize): usize {
  const most = to + MOST_NAME;
  unescapedEnd = to;
  while (true) {
    const length = at - text;
    if (unescapedEnd + length + 4 > most) return 0;
    memory.copy(unescapedEnd, text, length);
    unescapedEnd += length;
    if (byte(at) != BACKSLASH) return byte(at) == QUOTE ? at : 0;
    const next = byte(at + 1) == 0x75 ? unescapedUnits(at) : unescapedLetter(at);
    if (next == 0) return 0;
    text = next;
    at = textEnd(next);
  }
}

function unescapedLetter(at: usize): usize {
  let letter = byte(at + 1);
  if (letter == 0x62) letter = 8; // b
  else if (letter == 0x74) letter = TAB;
  else if (letter == 0x6e) letter = LINE_FEED;
  else if (letter == 0x66) letter = 12;
  else if (letter == 0x72) letter = RETURN;
  else if (letter != QUOTE && letter != BACKSLASH && letter != 0x2f) return 0;
  store<u8>(unescapedEnd++, letter);
  return at + 2;
}

// \uXXXX, or two of them that are one letter.
function unescapedUnits(at: usize): usize {
  let letter = hexadecimal(at + 2);
  let end = at + 6;
  if (letter < 0) return 0;
  if (letter >= 0xd800 && letter < 0xe000) {
    const low = load<u16>(end) == 0x755c ? hexadecimal(end + 2) : -1;
    if (letter >= 0xdc00 || low < 0xdc00 || low >= 0xe000) return 0;
    letter = 0x10000 + ((letter - 0xd800) << 10) + low - 0xdc00;
    end += 6;
  }
  if (letter < 0x80) {
    store<u8>(unescapedEnd++, letter);
    return end;
  }
  // UTF-8: the more bytes follow, the more bits of the first one are set.
  const follow = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
  store<u8>(unescapedEnd++, (0xff00 >> (follow + 1)) | (letter >> (6 * follow)));
  for (let n = follow - 1; n >= 0; n--) store<u8>(unescapedEnd++, 0x80 | ((letter >> (6 * n)) & 0x3f));
  return end;
}

// Of four digits; −1 where one is none.
function hexadecimal(at: usize): i32 {
  let value: i32 = 0;
  for (let n = 0; n < 4; n++) {
    const letter = byte(at + n);
    const digit = letter - 0x30 < 10 ? letter - 0x30 : (letter | 0x20) - 0x61 < 6 ? (letter | 0x20) - 0x57 : 16;
    if (digit == 16) return -1;
    value = (value << 4) | digit;
  }
  return value;
}

// --- CSV: records become cells, and cells become rows by what the header says

const WIDE: i32 = 0; // each column but the id's is a field
const LISTED: i32 = 1; // the features in one cell
const PAIRED: i32 = 2; // one feature a row

let layout: i32 = 0;
let delimiter: u32 = 0;
let cellCount: i32 = 0;
let idCell: i32 = 0;
let featureCell: i32 = 0;
let weightCell: i32 = 0; // −1 where there is none
export let cells: usize = 0; // of each two u32: address and length
export let prefixes: usize = 0; // the same of what stands before a field's value

export function beginCsv(kind: i32, between: u32, count: i32, id: i32, feature: i32, weight: i32): void {
  layout = kind;
  delimiter = between;
  cellCount = count;
  idCell = id;
  featureCell = feature;
  weightCell = weight;
  cells = allocate(8 * <usize>count);
  prefixes = allocate(8 * <usize>count);
}

// Reads records, blank lines left out, that end within what is given, and returns where it stopped.
export function readCsv(at: usize, end: usize): usize {
  status = DONE;
  if (at == INPUT) unquotedEnd = UNQUOTED;
  store<u8>(end, QUOTE); // no cell goes on beyond
  while (at < end) {
    while (at < end && isLineEnd(at)) {
      at = afterLineEnd(at);
      line++;
    }
    if (at == end) break;
    if (isFull()) {
      status = FULL;
      break;
    }
    const before = line;
    const next = record(at, end);
    if (next == 0) {
      line = before;
      break;
    }
    at = next;
    recordLine = line;
    const first = columnCount;
    const isUsual = layout == WIDE ? wideRow() : layout == LISTED ? listedRow() : pairedRow();
    if (!isUsual) {
      if (layout != PAIRED) columnCount = first;
      status = UNUSUAL_ROW;
      break;
    }
  }
  return at;
}

// Where the next record begins; 0 with the status where this one is unusual, or has no end here.
function record(at: usize, end: usize): usize {
  status = UNUSUAL;
  for (let c = 0; ; at++) {
    if (c == cellCount) return 0;
    const cell = cells + (<usize>c << 3);
    if (byte(at) == QUOTE) {
      at = quotedCell(cell, at + 1, end);
      if (at == 0) return 0;
    } else {
      const stop = cellEnd(at);
      store<u32>(cell, <u32>at);
      store<u32>(cell, <u32>(stop - at), 4);
      at = stop;
    }
    c++;
    if (byte(at) == delimiter) continue;
    if (!isLineEnd(at) || c < cellCount) return 0;
    status = DONE;
    line++;
    return afterLineEnd(at);
  }
}

// Behind the closing quote; 0 with the status where there is none.
function quotedCell(cell: usize, start: usize, end: usize): usize {
  let from = start;
  let to: usize = 0;
  let at = start;
  while (true) {
    at = quoteOrFeed(at);
    if (at >= end) {
      status = UNFINISHED;
      return 0;
    }
    if (byte(at) == LINE_FEED) {
      line++;
      at++;
      continue;
    }
    const isDoubled = byte(at + 1) == QUOTE;
    if (!isDoubled && to == 0) break;
    if (to == 0) to = start = unquotedEnd;
    const length = at - from + <usize>isDoubled;
    memory.copy(to, from, length);
    to += length;
    if (!isDoubled) break;
    at += 2;
    from = at;
  }
  const stop = to == 0 ? at : to;
  if (to != 0) unquotedEnd = to;
  store<u32>(cell, <u32>start);
  store<u32>(cell, <u32>(stop - start), 4);
  return at + 1;
}

@inline
function quoteOrFeed(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x0a))));
    if (ends != 0) return at + ctz(ends);
    at += 16;
  }
}

@inline
function cellEnd(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(<i8>delimiter))),
        v128.or(i8x16.eq(bytes, i8x16.splat(0x0a)), i8x16.eq(bytes, i8x16.splat(0x0d))),
      ),
    );
    if (ends != 0) return at + ctz(ends);
    at += 16;
  }
}

@inline
function cellAt(c: i32): usize {
  return load<u32>(cells + (<usize>c << 3));
}

@inline
function cellLength(c: i32): u32 {
  return load<u32>(cells + (<usize>c << 3), 4);
}

@inline
function copy(to: usize, from: usize, length: u32): void {
  for (let done: u32 = 0; done < length; done += 16) v128.store(to + done, v128.load(from + done));
}

function wideRow(): bool {
  if (!isName(cellLength(idCell))) return false;
  beginRow(cellAt(idCell), cellLength(idCell));
  for (let c = 0; c < cellCount; c++) {
    const length = cellLength(c);
    if (length == 0 || c == idCell) continue;
    const prefix = prefixes + (<usize>c << 3);
    const before = load<u32>(prefix, 4);
    if (before + length > MOST_NAME) return false;
    copy(TEXT, load<u32>(prefix), before);
    copy(TEXT + before, cellAt(c), length);
    if (!push(TEXT, before + length)) return false;
  }
  endRow();
  return true;
}

function listedRow(): bool {
  if (!isName(cellLength(idCell))) return false;
  beginRow(cellAt(idCell), cellLength(idCell));
  const first = columnCount;
  if (!listedFeatures(cellAt(featureCell), cellLength(featureCell))) return false;
  if (weightCell >= 0 && cellLength(weightCell) > 0) {
    if (!listedWeights(cellAt(weightCell), cellLength(weightCell), first)) return false;
    dropWeightless(first);
  }
  endRow();
  return true;
}

function listedFeatures(at: usize, length: u32): bool {
  if (length == 0) return true;
  if (byte(at) == 0x5b) return false; // [
  const separator = separatorIn(at, length);
  if (separator == 0 && hasSpaceOrMore(at, length)) return false;
  const end = at + length;
  while (true) {
    const stop = separator == 0 ? end : separatorOrEnd(at, end, separator);
    const from = afterBlanks(at, stop);
    const to = beforeBlanks(from, stop);
    if (!isName(to - from) || mayBeSpace(from, to) || !push(from, <u32>(to - from))) return false;
    if (stop == end) return true;
    at = stop + 1;
  }
}

function listedWeights(at: usize, length: u32, first: u32): bool {
  if (byte(at) == 0x5b) return false; // [
  const separator = separatorIn(at, length);
  const end = at + length;
  for (let column = first; column < columnCount; column++) {
    const stop = separator == 0 ? end : separatorOrEnd(at, end, separator);
    const from = afterBlanks(at, stop);
    const weight = decimal(from);
    if (numberEnd != beforeBlanks(from, stop)) return false;
    weigh(column, <f32>weight);
    if (stop == end) return column + 1 == columnCount;
    at = stop + 1;
  }
  return false;
}

// The bar where there is one, else the semicolon, else the comma, else 0.
function separatorIn(at: usize, length: u32): u32 {
  let semicolons: i32 = 0;
  let commas: i32 = 0;
  for (let done: u32 = 0; done < length; done += 16) {
    const bytes = firstOf(v128.load(at + done), length - done);
    if (v128.any_true(i8x16.eq(bytes, i8x16.splat(0x7c)))) return 0x7c;
    semicolons |= i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x3b)));
    commas |= i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x2c)));
  }
  return semicolons != 0 ? 0x3b : commas != 0 ? COMMA : 0;
}

@inline
function separatorOrEnd(at: usize, end: usize, separator: u32): usize {
  for (; at < end; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(<i8>separator)));
    if (found != 0) return min(at + ctz(found), end);
  }
  return end;
}

// Any byte that is a space, a control character or no ASCII.
function hasSpaceOrMore(at: usize, length: u32): bool {
  for (const end = at + length; at < end; at++) if (byte(at) <= SPACE || byte(at) > 0x7e) return true;
  return false;
}

@inline
function isBlank(at: usize): bool {
  return byte(at) == SPACE || byte(at) - 0x09 < 5;
}

@inline
function afterBlanks(at: usize, end: usize): usize {
  while (at < end && isBlank(at)) at++;
  return at;
}

@inline
function beforeBlanks(start: usize, end: usize): usize {
  while (end > start && isBlank(end - 1)) end--;
  return end;
}

// Whether a name of one byte or more may begin or end with a space of Unicode, in UTF-8 C2 A0, or three bytes from E1, E2, E3 or EF on.
@inline
function mayBeSpace(from: usize, to: usize): bool {
  return isLead(byte(from)) || (byte(to - 1) > 0x7f && (isLead(byte(to - 2)) || isLead(byte(to - 3))));
}

@inline
function isLead(value: u32): bool {
  return value == 0xc2 || value - 0xe1 < 3 || value == 0xef;
}

// The row of a user goes on as long as the id does; the last one stays open.
function pairedRow(): bool {
  const id = cellAt(idCell);
  const idLength = cellLength(idCell);
  const length = cellLength(featureCell);
  if (!isName(idLength) || !isName(length)) return false;
  let weight: f64 = 1;
  if (weightCell >= 0) {
    const at = cellAt(weightCell);
    weight = decimal(at);
    if (numberEnd != at + cellLength(weightCell)) return false;
  }
  if (!isOpen(id, idLength)) openRow(id, idLength);
  return giveOpen(numberOf(cellAt(featureCell), length), <f32>weight);
}

export function isOpen(id: usize, length: u32): bool {
  return rowCount > 0 && load<u32>(IDS + 12 * <usize>(rowCount - 1), 4) == length && isSameId(id, length);
}

function isSameId(id: usize, length: u32): bool {
  for (let done: u32 = 0; done < length; done += 16) {
    const count = length - done;
    const known = firstOf(v128.load(OPEN_ID + done), count);
    if (v128.any_true(v128.xor(known, firstOf(v128.load(id + done), count)))) return false;
  }
  return true;
}

export function openRow(id: usize, length: u32): void {
  beginRow(id, length);
  memory.copy(OPEN_ID, id, length);
  endRow();
}

// Takes all rows but the last.
export function keepOpenRow(): void {
  const last = rowCount - 1;
  const start = load<u32>(ROW_STARTS + 4 * <usize>last);
  const length = columnCount - start;
  memory.copy(COLUMNS, COLUMNS + 4 * <usize>start, 4 * <usize>length);
  memory.copy(WEIGHTS, WEIGHTS + 4 * <usize>start, 4 * <usize>length);
  memory.copy(IDS, IDS + 12 * <usize>last, 12);
  rowCount = 1;
  columnCount = length;
  store<u32>(ROW_STARTS + 4, length);
}
