export {
  type ArchiveIdentity,
  type ArchiveSection,
  type ArchiveTotals,
  type BackupProgress,
  type BackupRun,
  type BackupSecret,
  type StagedRestore,
} from './archive-content.js';
export { inspectArchive, readArchive, verifyArchive, type ArchiveSummary } from './archive-reader.js';
export { createBackup, type BackupInput } from './backup-service.js';
export type { BackupContents, BackupSettings } from './device-source.js';
export type { ArchiveHeader, ArchiveKdf, ArchiveSecretKind } from './header.js';
export { restoredSettings } from './kept-sections.js';
export { createRecoveryKey } from './recovery-key.js';
export { discardStagedRestore, stageRestore } from './staged-restore.js';
export { restoreBackup, type RestoreInput, type RestoreSummary } from './restore-backup.js';
export { recoverAccount } from './recover-account.js';
