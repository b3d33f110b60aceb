/** The pages in docs/ say what the code says. `npm run docs` writes the parts that come from code. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { SETTINGS, variableOf } from '#application/settings.ts';
import { RANKERS } from '#domain/ranking/rankers.ts';
import { ROUTES, type Route } from '#functions/api-routes.ts';
import { STACK_SETTINGS } from '#infra/stack-settings.ts';
import { markdownTable, sectionOf, withSection } from './bench/markdown.ts';

/** The demo takes some ten seconds, and longer beside other tests. */
const DEMO_MS = 180_000;

const RECORDS = 'docs/decisions';
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'infra/cli/demo/README.md',
  'layers/native/README.md',
  ...markdownIn('docs'),
];

describe('what stands in the pages', () => {
  it.each([
    { page: 'docs/parameters.md', sections: { settings: settingsTable, 'stack-settings': stackSettingsTable } },
    { page: 'docs/rankers.md', sections: { rankers: rankersTable, options: optionsTable } },
    { page: 'docs/api.md', sections: { 'api-routes': routesTable } },
    { page: 'README.md', sections: { demo: demoOutput, rankers: rankersTable } },
  ])(
    'is in $page what stands in the code',
    async ({ page, sections }) => {
      const expected = Object.entries(sections).reduce(
        (text, [section, content]) => withSection(text, section, content(sectionOf(text, section))),
        readFileSync(page, 'utf8'),
      );

      await expect(expected).toMatchFileSnapshot(join('..', page));
    },
    DEMO_MS,
  );
});

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('links only to files that are there', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target);

    expect(targets.filter((target) => !existsSync(join(dirname(page), target)))).toEqual([]);
  });

  it('names only scripts and source files that are there', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(json('package.json'));
    const named = [...text.matchAll(/`npm run (?:--silent )?([a-z:-]+)/g)].map(([, script]) => script);
    const files = [...text.matchAll(/`((?:infra|layers|test|docs)\/[\w./-]+\.(?:ts|md|csv|gz))`/g)].map(
      ([, file]) => file,
    );

    expect(named.filter((script) => !(script in scripts))).toEqual([]);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });
});

describe('the decision records', () => {
  const records = readdirSync(RECORDS).filter((name) => name !== 'README.md');

  it('have a number each, and stand in the index in its order', () => {
    const index = readFileSync(join(RECORDS, 'README.md'), 'utf8');
    const listed = [...index.matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(([, name]) => name);

    expect(listed).toEqual(records.toSorted());
    expect(new Set(records.map((name) => name.slice(0, 4))).size).toBe(records.length);
  });

  it.each(records)('%s has every part, on at most a page', (name) => {
    const text = readFileSync(join(RECORDS, name), 'utf8');

    expect([...text.matchAll(/^\*\*([\w ]+)\.\*\*/gm)].map(([, part]) => part)).toEqual([
      'Status',
      'Context',
      'Options',
      'Decision',
      'Consequences',
      'Enforced by',
    ]);
    expect(text.split('\n').length).toBeLessThanOrEqual(60);
  });
});

/** What the demo prints; as it stood, where only times differ. */
function demoOutput(shown: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'akin-docs-'));
  try {
    const printed = execFileSync(process.execPath, [resolve('infra/cli/akin.ts'), 'demo'], { cwd: folder });
    const real = `\`\`\`\n${String(printed).trimEnd()}\n\`\`\``;
    const untimed = (text: string) => text.replace(/ +\d+\.\d\d s$/gm, '');
    return untimed(real) === untimed(shown) ? shown : real;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function settingsTable(): string {
  const Property = z.object({
    default: z.number(),
    minimum: z.number(),
    maximum: z.number(),
    unit: z.string(),
    effect: z.string(),
  });
  const properties = z.record(z.string(), Property).parse(z.toJSONSchema(z.object(SETTINGS)).properties);
  return markdownTable(
    ['setting', 'variable', 'default', 'from', 'to', 'unit', 'what more of it does'],
    Object.entries(properties).map(([name, setting]) => [
      `\`${name}\``,
      `\`${variableOf(name)}\``,
      ...[setting.default, setting.minimum, setting.maximum].map(String),
      setting.unit,
      setting.effect,
    ]),
  );
}

function routesTable(): string {
  const rows = Object.values<Route>(ROUTES).map(({ method, path, summary, status }) => [
    `\`${method} /v1${path}\``,
    String(status),
    summary,
  ]);
  return markdownTable(['call', 'status', 'is'], rows);
}

function stackSettingsTable(): string {
  const defaults = z.object(STACK_SETTINGS).parse({});
  return markdownTable(
    ['setting', 'default', 'why'],
    Object.entries(STACK_SETTINGS).map(([name, setting]) => {
      const { [name]: value = 'none' } = { ...defaults };
      const { reason } = z.object({ reason: z.string() }).parse(setting.meta());
      return [`\`${name}\``, String(value), reason];
    }),
  );
}

function rankersTable(): string {
  return markdownTable(
    ['you want', 'ranker', 'options (the first is the default)'],
    RANKERS.map(({ name, need, options }) => [
      need,
      `\`--ranker ${name}\``,
      options.map((option) => `\`--${option.name} ${option.values.join('|')}\``).join(' '),
    ]),
  );
}

function optionsTable(): string {
  return markdownTable(
    ['ranker', 'option', 'values (the first is the default)', 'what it decides'],
    RANKERS.flatMap(({ name, options }) =>
      options.map((option) => [name, `\`--${option.name}\``, option.values.join(', '), option.effect]),
    ),
  );
}

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join(folder, name));
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
