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
  restoreDraftKey,
  restoreMarkKey,
  type OwnAccount,
} from './account-record.js';
export { deviceAuthPublicKey, generateDeviceAuthSeed } from './device-auth-key.js';
export { drawRegistrationId, maxDeviceId, maxDeviceIdAttempts } from './device-ids.js';
export { askAsIdentity } from './identity-proof.js';
export { RelayClient, type LoginEnd } from './relay-client.js';
export type { ResetState } from './reset.js';
