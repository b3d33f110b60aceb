/** Tables in Markdown, and the places in docs/ that they are written into. */
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';

/** Columns whose cells all begin with a digit stand to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, at) => (rows.every((cells) => /^(\d|$)/.test(cells[at])) ? '---:' : '---'));
  const lines = [head, rule, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What stands between `<!-- name -->` and `<!-- /name -->`, without the blank lines around it. */
export function sectionOf(page: string, name: string): string {
  return page.slice(...boundsOf(page, name)).trim();
}

/** The page with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
export function withSection(page: string, name: string, content: string): string {
  const [start, end] = boundsOf(page, name);
  return `${page.slice(0, start)}\n\n${content}\n\n${page.slice(end)}`;
}

function boundsOf(page: string, name: string): readonly [number, number] {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start >= 0 && end > start) return [start + open.length, end];
  throw new Error(`expected ${open} and then ${close}, found them not`);
}

export function writeSection(path: string, name: string, content: string): void {
  writeFileSync(path, withSection(readFileSync(path, 'utf8'), name, content));
}

/** What a figure is worth nothing without: when, on what, and the command that gives it again. */
export function provenance(command: string): string {
  const [{ model }] = cpus();
  const machine = `${cpus().length} cores (${model}, ${arch()}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.version}.`;
}
