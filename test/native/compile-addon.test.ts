import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import addons from '#native/addons.json' with { type: 'json' };
import { ARCHITECTURES } from '#native/architectures.ts';
import { compileAddon, toolchainFor } from '#native/compile-addon.ts';

const COMPILE_MS = 180_000;

describe('compiling the addon', () => {
  it.for(ARCHITECTURES)(
    'gives the committed bytes for %s, by the same tools',
    { timeout: COMPILE_MS },
    (architecture, context) => {
      const { sha256, toolchain } = addons.addons[architecture];
      const tools = toolchainFor(architecture);
      if (!isDeepStrictEqual(tools, toolchain))
        context.skip(`built by other tools than these: ${JSON.stringify(tools)}`);

      const bytes = compileAddon(architecture);

      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    },
  );
});
