import { noticeUpload } from '#application/upload/notice-upload.ts';
import { ObjectCreated, onMessage } from './message.ts';

/** An object was written below `populations/`: perhaps an upload is complete. */
export const handler = onMessage(ObjectCreated, {
  run: (ports, { detail }) => noticeUpload(ports, ports.settings, detail.object.key, Date.now()),
});
