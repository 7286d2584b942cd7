/**
 * Leaves room on each page of the devices: every message moves a device's last `seq`, and with room beside it the new
 * version of the row needs no new entry in the index. Pages that are full already get theirs as their rows move on.
 */
import type { Migration } from './migration.js';

/** See the file's header. */
export const deviceRoomMigration: Migration = {
  version: 10,
  name: 'device-room',
  sql: [`ALTER TABLE devices SET (fillfactor = 70)`],
};
