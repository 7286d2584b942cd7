export {
  type ArchiveIdentity,
  type ArchiveSection,
  type ArchiveTotals,
  type BackupProgress,
  type BackupRun,
  type BackupSecret,
  type StagedRestore,
} from './archive-content.js';
export { discardStagedRestore, stageRestore } from './staged-restore.js';
