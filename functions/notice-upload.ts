import { noticeUpload } from '#application/upload/notice-upload.ts';
import { ObjectCreated, queue } from './queue.ts';

/** An object was written below `populations/`: perhaps an upload is complete. */
export const handler = queue(ObjectCreated, {
  run: (ports, { detail }) => noticeUpload(ports, ports.settings, detail.object.key, Date.now()),
});
