/**
 * A thread that indexes shards: it reads them from the folder of populations, and has the thread that asked write what it makes, so
 * that whoever ends the process knows of every file.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { localFolderBucketStore } from '#adapters/local-folder-bucket-store.ts';
import type { IndexTask, ObjectStore, Ports } from '#application/ports.ts';
import { indexStoredShard } from '#application/publish-generation.ts';
import type { Answer } from './index-threads.ts';
import { localPorts } from './local-ports.ts';

const asker = parentPort;
if (!asker) throw new Error('expected a thread that asks, got none');

const ports = portsOf(String(workerData));
asker.on('message', (message: IndexTask | 'written') => {
  if (message !== 'written') void answer(message);
});

async function answer(task: IndexTask): Promise<void> {
  try {
    tell({ kind: 'indexed', index: await indexStoredShard(ports, task) });
  } catch (error) {
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    tell({ kind: 'failed', name, message, stack });
  }
}

function portsOf(folder: string): Ports {
  const local = localPorts(folder);
  const objects: ObjectStore = { ...local.objects, write: writtenByAsker };
  return { ...local, objects, buckets: localFolderBucketStore(objects), threads: undefined };
}

function writtenByAsker(name: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    asker?.once('message', () => resolve());
    tell({ kind: 'write', name, bytes });
  });
}

function tell(answer: Answer): void {
  asker?.postMessage(answer);
}
