/**
 * This checkout beside another commit of it: the same commands in turns, and whether they give the same audiences.
 *
 *   npm run bench:compare -- REF [--users N] [--rounds N]
 *
 * The commit is unpacked into a temporary folder, with this checkout's packages. Users are made up (synthetic-users.ts).
 * Time is never judged.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { membersOf } from './hidden-people.ts';
import { markdownTable } from './markdown.ts';
import { type MeasuredRun, measuredRun, median } from './measured-run.ts';
import { type SyntheticSet, syntheticSet } from './synthetic-users.ts';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
const RANKERS = ['information-value', 'similarity', 'logistic-regression', 'attention', 'auto'];
const AUDIENCE_SIZE = 1_000;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { users: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } },
});
const [ref] = positionals;
if (ref === undefined) throw new Error('expected a commit to compare with, such as HEAD~1, got none');

const folder = mkdtempSync(join(tmpdir(), 'akin-compare-'));
try {
  const commit = execFileSync('git', ['rev-parse', '--short', '--verify', `${ref}^{commit}`], {
    cwd: HERE,
    encoding: 'utf8',
  }).trim();
  const there = unpacked(commit);
  const set = syntheticSet(folder, Number(flags.users));
  console.log(tableOf(set, commit, there));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The files of a commit, ready to run. */
function unpacked(commit: string): string {
  const path = join(folder, 'before');
  mkdirSync(path);
  const archive = execFileSync('git', ['archive', commit], { cwd: HERE, maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', path], { input: archive });
  symlinkSync(join(HERE, 'node_modules'), join(path, 'node_modules'));
  return path;
}

function tableOf(set: SyntheticSet, commit: string, there: string): string {
  const commands = [
    { name: 'ingest', args: (data: string) => ['ingest', set.users, '--population', 'p', '--data', data] },
    ...RANKERS.map((ranker) => ({
      name: `expand, ${ranker}`,
      args: (_: string, out: string) => {
        const asked = ['expand', '--users', set.users, '--seeds', set.seeds, '--size', String(AUDIENCE_SIZE)];
        return [...asked, '--evidence', 'none', '--ranker', ranker, '--out', out];
      },
    })),
  ];
  const rows = commands.map(({ name, args }) => {
    const rounds = Array.from({ length: Number(flags.rounds) }, (_, round) => ({
      now: measuredRun(args(join(folder, `now-${round}`), join(folder, 'now.csv'))),
      before: measuredRun(
        args(join(folder, `before-${round}`), join(folder, 'before.csv')),
        join(there, 'infra/cli/akin.ts'),
      ),
    }));
    return [name, ...figuresOf(rounds), name === 'ingest' ? '' : sameness()];
  });
  return markdownTable(['command', 'seconds', `at ${commit}`, 'ratio', 'peak MiB', `at ${commit}`, 'audience'], rows);
}

function figuresOf(rounds: readonly { readonly now: MeasuredRun; readonly before: MeasuredRun }[]): string[] {
  const seconds = (side: 'now' | 'before') => median(rounds.map((round) => round[side].seconds)).toFixed(2);
  const peak = (side: 'now' | 'before') => median(rounds.map((round) => round[side].peakMebibytes)).toFixed(0);
  const ratio = median(rounds.map(({ now, before }) => now.seconds / before.seconds)).toFixed(2);
  return [seconds('now'), seconds('before'), ratio, peak('now'), peak('before')];
}

/** The same to the byte, or how many members are the same. */
function sameness(): string {
  const [now, before] = ['now.csv', 'before.csv'].map((name) => readFileSync(join(folder, name), 'utf8'));
  if (now === before) return 'identical';
  const known = new Set(membersOf(before));
  const members = membersOf(now);
  return `${members.filter((id) => known.has(id)).length} of ${members.length} the same`;
}
