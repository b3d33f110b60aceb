import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readCampaigns } from '#adapters/formats/campaign-file.ts';
import { openInput } from '#adapters/formats/input-file.ts';
import { temporaryFile } from '../temporary-folder.ts';

const whole = {
  campaign: 'item:12',
  tier: 'head',
  drop: ['item:12'],
  seeds: ['u1', 'u2'],
  positives: ['u3'],
  ignore: ['u4'],
};

describe('campaign file', () => {
  it('reads campaigns, one a line, and what is not said is nothing', async () => {
    const content = `${JSON.stringify({ ...whole, users: 7 })}\n\n{"campaign":"c","seeds":[],"positives":[]}\n`;

    const expected = [whole, { campaign: 'c', drop: [], seeds: [], positives: [], ignore: [] }];
    expect(await readCampaigns(await openInput(temporaryFile(content)))).toEqual(expected);
    expect(await readCampaigns(await openInput(temporaryFile(gzipSync(content))))).toEqual(expected);
  });

  it.each([
    ['', ': expected at least one campaign, got none'],
    ['u1\n', ', line 1: expected a JSON object, got "u1"'],
    ['\n{"seeds":[],"positives":[]}', ', line 2: expected a campaign, but its campaign is wrong: '],
    ['{"campaign":"","seeds":[],"positives":[]}', ', line 1: expected a campaign, but its campaign is wrong: '],
    ['{"campaign":"c","positives":[]}', ', line 1: expected a campaign, but its seeds is wrong: '],
    [
      '{"campaign":"c","seeds":["u1",2],"positives":[]}',
      ', line 1: expected a campaign, but its seeds.1 is wrong: Invalid input: expected string, received number',
    ],
    ['{"campaign":"c","seeds":[],"positives":[],"drop":"x"}', ', line 1: expected a campaign, but its drop is wrong: '],
  ])('refuses %j', async (content, fault) => {
    const path = temporaryFile(content);

    await expect(openInput(path).then(readCampaigns)).rejects.toThrow(`${path}${fault}`);
  });
});
