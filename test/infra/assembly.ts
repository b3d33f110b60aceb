/** The stack synthesized for this machine's processor, as `npx cdk synth` does it, findings of cdk-nag included. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

export const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64';

const Resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.json()).default({}),
  DeletionPolicy: z.string().optional(),
});
export type Resource = z.infer<typeof Resource>;

const TemplateFile = z.object({ Resources: z.record(z.string(), Resource) });

/** Fails where the command line's own does: at an error, or at a finding that nobody gave a reason for. */
export async function synthesized(
  environment: Readonly<Record<string, string>> = {},
  context: readonly string[] = [],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'akin-assembly-'));
  await promisify(execFile)(
    process.execPath,
    [
      'node_modules/aws-cdk/bin/cdk',
      'synth',
      '--quiet',
      '--output',
      folder,
      '-c',
      `architecture=${ARCHITECTURE}`,
      ...context.flatMap((each) => ['-c', each]),
    ],
    { env: { ...process.env, ...environment }, maxBuffer: 2 ** 26 },
  );
  return folder;
}

export function resourcesIn(folder: string): Readonly<Record<string, Resource>> {
  return TemplateFile.parse(JSON.parse(readFileSync(join(folder, 'akin.template.json'), 'utf8'))).Resources;
}

export function ofType(resources: Readonly<Record<string, Resource>>, type: string) {
  return Object.entries(resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, { Properties }]) => ({ id, properties: Properties }));
}

/** The logical ids that a property names by Ref or GetAtt, wherever in it. */
export function referencesIn(value: z.core.util.JSONType | undefined): string[] {
  if (value === undefined || value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return Object.entries(value).flatMap(([name, each]) => {
    if (name === 'Ref' && typeof each === 'string') return [each];
    if (name === 'Fn::GetAtt' && Array.isArray(each) && typeof each[0] === 'string') return [each[0]];
    return referencesIn(each);
  });
}
