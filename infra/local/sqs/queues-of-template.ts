/** The queues of a template, each with the dead-letter queue that it names. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type Json } from '../json.ts';
import type { Template } from '../template.ts';
import { Queue } from './queues.ts';

export function queuesOf(template: Template, folder: string): ReadonlyMap<string, Queue> {
  mkdirSync(folder, { recursive: true });
  const queues = new Map<string, Queue>();
  const make = (id: string): Queue => {
    const known = queues.get(id);
    if (known) return known;
    const { properties } = template.resource(id);
    const queue = new Queue({
      name: id,
      arn: template.arnOf(id),
      delaySeconds: Number(properties.DelaySeconds ?? 0),
      visibilitySeconds: Number(properties.VisibilityTimeout ?? 30),
      file: join(folder, `${id}.json`),
      ...redriveOf(properties.RedrivePolicy),
    });
    queues.set(id, queue);
    return queue;
  };
  const redriveOf = (policy: Json | undefined) =>
    isObject(policy)
      ? {
          maxReceiveCount: Number(policy.maxReceiveCount),
          deadLetter: make(template.pointedAt(policy.deadLetterTargetArn)),
        }
      : {};
  for (const { id } of template.ofType('AWS::SQS::Queue')) make(id);
  return queues;
}
