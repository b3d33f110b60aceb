/** How an expansion ends: the campaign's state is written, and the world is told once. */
import type { Audience } from '../audience-report.ts';
import type { IndexSource, StepPorts } from '../ports.ts';
import { reasonOf } from '../step-failure.ts';
import { tellCampaign } from './campaign.ts';
import { isSettled, settleClaim } from './claim.ts';
import { type ExpansionJob, expansionFolder } from './expansion-job.ts';

export interface AudienceFiles {
  readonly audience: string;
  readonly report: string;
  readonly manifest: string;
}

export async function tellReady(
  ports: StepPorts,
  job: ExpansionJob,
  files: AudienceFiles,
  { report }: Audience,
  now: number,
  indexFrom: IndexSource = 'storage',
): Promise<void> {
  const { population, campaign } = job;
  const { size, generation, warnings } = report;
  if (await isSettled(ports.ledger, job)) return;
  await tellCampaign(ports, job, 'ready', { size, generation, ...files, warnings, index: { from: indexFrom } });
  await ports.announcements.announce('audience ready', { population, campaign, size, generation, ...files });
  // Last: told again after a failure in here, it is told once more rather than never.
  await settleClaim(ports.ledger, job, 'ready', now);
}

export async function tellFailure(ports: StepPorts, job: ExpansionJob, reason: string, now: number): Promise<void> {
  const { population, campaign } = job;
  if (await isSettled(ports.ledger, job)) return;
  await tellCampaign(ports, job, 'failed', { reason });
  await ports.announcements.announce('expansion failed', { population, campaign, reason });
  await settleClaim(ports.ledger, job, 'failed', now, reason);
}

/** The workflow of an expansion has ended without an audience. */
export async function finishExpansion(
  ports: StepPorts,
  job: ExpansionJob,
  now: number,
  otherwise?: string,
): Promise<void> {
  await tellFailure(ports, job, await reasonOf(ports.objects, expansionFolder(job), otherwise), now);
}
