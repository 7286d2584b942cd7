/** All migrations in order. Add the next one at the end; never change or remove one that was released. */
import type { Migration } from './migration.js';
import { accountsMigration } from './001-accounts.js';
import { mailboxMigration } from './002-mailbox.js';
import { authMigration } from './003-auth.js';
import { keysMigration } from './004-keys.js';
import { mailboxPlacesMigration } from './005-mailbox-places.js';
import { continuityMigration } from './006-continuity.js';
import { recoveryMigration } from './007-recovery.js';
import { resetsMigration } from './008-resets.js';
import { mailboxReferencesMigration } from './009-mailbox-references.js';
import { deviceRoomMigration } from './010-device-room.js';
import { acknowledgedProgressMigration } from './011-acknowledged-progress.js';

/** See {@link Migration}. */
export const migrations: readonly Migration[] = [
  accountsMigration,
  mailboxMigration,
  authMigration,
  keysMigration,
  mailboxPlacesMigration,
  continuityMigration,
  recoveryMigration,
  resetsMigration,
  mailboxReferencesMigration,
  deviceRoomMigration,
  acknowledgedProgressMigration,
];
