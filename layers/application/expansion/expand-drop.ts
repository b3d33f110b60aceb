/**
 * A seed file was dropped: its audience is made here, or by a workflow where the population is too large for one function.
 *
 * What identifies the job is the object as it lies there: an event that comes twice, late or out of order makes no second one.
 */
import { saveAudience } from '../audience-files.ts';
import { sha256Of } from '../digest.ts';
import { Invalid } from '../errors.ts';
import { expandAudience } from '../expand-audience.ts';
import { manifestOf, openGeneration } from '../population.ts';
import type { StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { isCallers, UNEXPECTED } from '../step-failure.ts';
import { type Campaign, campaignOf, requestOf, tellCampaign } from './campaign.ts';
import { claim, isSettled, settleClaim } from './claim.ts';
import { tellFailure, tellReady } from './end-expansion.ts';
import { type ExpansionJob, leave, leftIfAny } from './expansion-job.ts';

export type DropOutcome = 'ignored' | 'gone' | 'known' | 'busy' | 'expanded' | 'started';

/** `owner` names whoever was told: told again after a failure, he may go on. */
export async function expandDrop(
  ports: StepPorts,
  settings: Settings,
  objectName: string,
  owner: string,
  now: number,
): Promise<DropOutcome> {
  const campaign = campaignOf(objectName);
  if (!campaign) return 'ignored';
  const job = await jobOf(ports, objectName, campaign);
  if (!job) return 'gone';
  const claimed = await claim(ports.ledger, job, owner, now);
  if (claimed !== 'taken') {
    // The same message again: its failure was told, but the message itself was not put away yet.
    if (claimed.state === 'failed' && claimed.owner === owner) throw new Invalid(claimed.reason ?? 'it failed before');
    return claimed.state === 'running' || claimed.state === 'started' ? 'busy' : 'known';
  }
  try {
    return await expandClaimed(ports, settings, objectName, job, now);
  } catch (error) {
    if (isCallers(error)) await tellFailure(ports, job, error.message, now);
    throw error;
  }
}

/** The drop was tried for the last time: whoever waits is told. */
export async function giveUpDrop(ports: StepPorts, objectName: string, now: number): Promise<void> {
  const campaign = campaignOf(objectName);
  const job = campaign && (await jobOf(ports, objectName, campaign));
  if (job) await tellFailure(ports, job, UNEXPECTED, now);
}

/** The expansion of a seed file as it lies there; nothing where there is none. */
export async function jobOf(
  { objects }: StepPorts,
  objectName: string,
  campaign: Campaign,
): Promise<ExpansionJob | undefined> {
  const entry = (await objects.entries(objectName)).find(({ name }) => name === objectName);
  if (!entry) return undefined;
  const identity = `${objectName} ${entry.bytes} ${entry.modified} ${entry.tag}`;
  return { ...campaign, job: (await sha256Of(identity)).slice(0, 16) };
}

async function expandClaimed(
  ports: StepPorts,
  settings: Settings,
  objectName: string,
  job: ExpansionJob,
  now: number,
): Promise<DropOutcome> {
  const manifest = await manifestOf(ports, job.population);
  const request = await requestOf(ports, objectName, job);
  if (manifest.users > settings.expandUsers) {
    // A start that is repeated must not give a running workflow another generation under its hands.
    if (!(await leftIfAny(ports, job, 'task'))) await leave(ports, job, 'task', { request, manifest });
    if (await isSettled(ports.ledger, job)) return 'known'; // it was cancelled
    await tellCampaign(ports, job, 'running', { job: job.job, shards: manifest.shards.length });
    await ports.workflows.start('expansion', `expansion-${job.job}`, job);
    await settleClaim(ports.ledger, job, 'started', now);
    return 'started';
  }
  const objects = ports.nearby(ports.objects);
  const population = await openGeneration({ ...ports, objects }, manifest, () => {});
  const audience = await expandAudience({ ...ports, objects }, settings, population, request, () => {});
  if (await isSettled(ports.ledger, job)) return 'known'; // it was cancelled meanwhile
  const files = await saveAudience(ports.objects, settings, population, request, audience);
  await tellReady(ports, job, files, audience, now, objects.indexFrom());
  return 'expanded';
}
