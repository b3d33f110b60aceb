/** A gzipped file that is too long for one function, streamed once and left as several plain ones. */
import type { StepPorts } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { sourceOf } from '../stored-file.ts';
import { readJson, writeJson } from '../stored-json.ts';
import { jobFolder, numbered, piecesName, planName, type UploadJob, UploadPlan } from './upload-job.ts';

export async function splitFile(ports: StepPorts, settings: Settings, job: UploadJob, file: number): Promise<void> {
  const { objects, inputs } = ports;
  const { name } = (await readJson(objects, planName(job), UploadPlan)).files[file];
  const pieces: string[] = [];
  for await (const piece of inputs.pieces(name, sourceOf(objects, name), settings.splitBytes)) {
    const pieceName = `${jobFolder(job)}pieces/${numbered(file)}-${numbered(pieces.length)}`;
    await objects.write(pieceName, piece);
    pieces.push(pieceName);
  }
  await writeJson(objects, piecesName(job, file), pieces);
}
