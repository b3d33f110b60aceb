/** Campaigns with a known answer, one a line: seeds, hidden positives, features to drop, users to ignore. */
import * as z from 'zod';
import { Invalid } from '#application/errors.ts';
import type { Campaign } from '#application/evaluate-rankers.ts';
import type { InputFile } from './input-file.ts';
import { jsonObjectOf, placeOf } from './json-line.ts';

const CampaignLine = z.object({
  campaign: z.string().min(1),
  tier: z.string().min(1).optional(),
  drop: z.array(z.string()).default([]),
  seeds: z.array(z.string()),
  positives: z.array(z.string()),
  ignore: z.array(z.string()).default([]),
});

export async function readCampaigns({ path, lines }: InputFile): Promise<Campaign[]> {
  const campaigns: Campaign[] = [];
  for await (const line of lines) {
    if (line.text.trim() === '') continue;
    const campaign = CampaignLine.safeParse(jsonObjectOf(line, path));
    if (!campaign.success) {
      const [issue] = campaign.error.issues;
      throw new Invalid(
        `${placeOf(path, line.number)}: expected a campaign, but its ${issue.path.join('.')} is wrong: ${issue.message}`,
      );
    }
    campaigns.push(campaign.data);
  }
  if (campaigns.length === 0) throw new Invalid(`${path}: expected at least one campaign, got none`);
  return campaigns;
}
