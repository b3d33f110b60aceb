/** The processors that Lambda offers, by Lambda's name for each, and what everybody else calls them. */
export const ARCHITECTURES = ['x86_64', 'arm64'] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

interface Names {
  /** As in `process.arch`, and for node-gyp. */
  readonly node: string;
  /** The prefix of GNU cross tools. */
  readonly gnu: string;
  /** `e_machine` of an ELF file. */
  readonly elf: number;
}

export const NAMES: Readonly<Record<Architecture, Names>> = {
  x86_64: { node: 'x64', gnu: 'x86_64-linux-gnu', elf: 62 },
  arm64: { node: 'arm64', gnu: 'aarch64-linux-gnu', elf: 183 },
};
