/** Chance in the tests is seeded as everywhere: every run draws the same examples, here and in CI. */
import { fc } from '@fast-check/vitest';

fc.configureGlobal({ seed: 20_160 });
