/**
 * End-to-end-encrypted messaging with the Signal protocol, behind small storage and transport
 * ports. Not independently audited.
 * @packageDocumentation
 */
export { createMessenger } from './messenger.js';
export type {
  Messenger,
  MessengerAccount,
  MessengerBackup,
  MessengerContacts,
  MessengerDiagnostics,
  MessengerMessages,
  MessengerOptions,
  MessengerPreKeys,
  MessengerRecords,
  MessengerSessions,
  PendingReset,
} from './messenger-api.js';
export type { OwnProfile, RegistrationInput, ResetState } from './account/index.js';
export type {
  ArchiveHeader,
  ArchiveKdf,
  ArchiveSecretKind,
  ArchiveSummary,
  ArchiveTotals,
  BackupContents,
  BackupInput,
  BackupProgress,
  BackupRun,
  BackupSecret,
  BackupSettings,
  RestoreInput,
  RestoreSummary,
} from './backup/index.js';
export type {
  Contact,
  ContactRelation,
  ContactShare,
  ContactShareOptions,
  ContactTrust,
  PinStrength,
  SafetyNumberComparison,
  TrustPolicy,
} from './contacts/index.js';
export type {
  Conversation,
  Message,
  MessageHandler,
  MessageId,
  MessagePage,
  MessageRequestPolicy,
  MessageStatus,
  MessageUnit,
  OutgoingText,
  SenderState,
  SendOptions,
} from './messages/index.js';
export type {
  CountedSpace,
  LimitName,
  MessengerCounters,
  SupportBundle,
  SupportBundlePart,
  SupportBundlePeer,
} from './diagnostics/index.js';
export type { JournalledEvent, MessengerEventName, MessengerEvents, MessengerListener } from './events.js';
export type { ContactChange, UndecryptableReason } from './journal-event.js';
export {
  SottoError,
  describeError,
  isSottoError,
  type AnySottoError,
  type ErrorEntry,
  type SottoErrorCode,
  type SottoErrorDetails,
  type SottoErrorDetailsByCode,
  type SottoErrorOptions,
} from './errors.js';
export { limits } from './limits.js';
export { Secret } from './secret.js';
export { systemClock, systemRandom, silentLogger, type Host } from './host.js';
export type * from './ports/index.js';
export type { AccountId, DeviceAddress, DeviceId, PreKeyStatus, Username } from './wire/index.js';
