/**
 * The addon of hnswlib-node for one processor, from the sources that npm installed, by the recipe that npm runs at install.
 * The same tools make the same bytes, whatever the folder: paths are mapped away, and nothing of the caller's environment gets in.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { type Architecture, NAMES } from './architectures.ts';
import { installedPackage } from './installed-package.ts';

/** What the bytes depend on beside the sources. */
export interface Toolchain {
  readonly compiler: string;
  readonly linker: string;
  readonly node: string;
  readonly nodeAddonApi: string;
  readonly npm: string;
}

/** The tools of this machine for that processor, or undefined where one of them is missing. */
export function toolchainFor(architecture: Architecture): Toolchain | undefined {
  const compiler = firstLineOf(tool(architecture, 'g++'), '--version');
  const linker = firstLineOf(tool(architecture, 'ld'), '--version');
  const npm = firstLineOf('npm', '--version');
  if (compiler === undefined || linker === undefined || npm === undefined) return undefined;
  return { compiler, linker, node: process.versions.node, nodeAddonApi: sources().headers.version, npm };
}

export function compileAddon(architecture: Architecture): Buffer {
  const scratch = mkdtempSync(join(tmpdir(), 'akin-addon-'));
  try {
    const { addon, headers } = sources();
    const copy = join(scratch, 'node_modules', 'hnswlib-node');
    const unbuilt = (path: string) => path !== join(addon.folder, 'build');
    cpSync(addon.folder, copy, { recursive: true, filter: unbuilt });
    cpSync(headers.folder, join(scratch, 'node_modules', 'node-addon-api'), { recursive: true });
    const run = (command: string, args: readonly string[]) =>
      mustRun(command, args, copy, environmentFor(architecture, scratch));
    run('npm', ['run', 'rebuild', '--', `--arch=${NAMES[architecture].node}`]);
    run(tool(architecture, 'strip'), ['build/Release/addon.node']);
    return readFileSync(join(copy, 'build', 'Release', 'addon.node'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function sources() {
  return { addon: installedPackage('hnswlib-node'), headers: installedPackage('hnswlib-node', 'node-addon-api') };
}

/** The machine's own tools have no prefix everywhere; those for another processor always have one. */
function tool(architecture: Architecture, name: string): string {
  const { node, gnu } = NAMES[architecture];
  return node === process.arch ? name : `${gnu}-${name}`;
}

/** Nothing but what is named here: flags or npm settings of the caller would make other bytes. */
function environmentFor(architecture: Architecture, scratch: string): NodeJS.ProcessEnv {
  const nodeFolder = resolve(dirname(process.execPath), '..');
  if (!existsSync(join(nodeFolder, 'include', 'node', 'node_api.h'))) {
    throw new Error(`expected Node's headers in ${nodeFolder}, got none: use npm run, for the Node that npm installed`);
  }
  return {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: scratch,
    LC_ALL: 'C',
    CC: tool(architecture, 'gcc'),
    CXX: tool(architecture, 'g++'),
    CXXFLAGS: `-ffile-prefix-map=${scratch}=.`,
    LDFLAGS: '-Wl,--build-id=none',
    npm_config_nodedir: nodeFolder,
    npm_config_update_notifier: 'false',
  };
}

function mustRun(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`expected ${command} ${args.join(' ')} to succeed, got ${status}:\n${stdout}${stderr}`, {
    cause: error,
  });
}

function firstLineOf(command: string, argument: string): string | undefined {
  const { status, stdout } = spawnSync(command, [argument], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return status === 0 ? stdout.split('\n', 1)[0] : undefined;
}
