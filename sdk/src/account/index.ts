export {
  AccountService,
  ourDevice,
  shownContactCode,
  type OwnProfile,
  type RegistrationInput,
} from './account.js';
export {
  credentialsKey,
  credentialsRecord,
  ownAccountKey,
  ownAccountRecord,
  resetDraftKey,
  restoreDraftKey,
  restoreMarkKey,
  type OwnAccount,
} from './account-record.js';
export { drawDeviceId, maxDeviceId, maxDeviceIdAttempts } from './device-ids.js';
export { askAsIdentity } from './identity-proof.js';
export { newDevice, signManifest } from './new-device.js';
export { RelayClient, type LoginEnd } from './relay-client.js';
export type { ResetState } from './reset.js';
