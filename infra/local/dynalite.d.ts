/** dynalite brings no types; these are what is used of it. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** The folder of its LevelDB; without one it keeps everything in memory. */
    readonly path?: string;
    readonly createTableMs: number;
    readonly updateTableMs: number;
    readonly deleteTableMs: number;
  }

  function dynalite(options: DynaliteOptions): Server;
  export = dynalite;
}
