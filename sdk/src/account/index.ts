export {
  AccountService,
  ourDevice,
  shownContactCode,
  type OwnProfile,
  type RegistrationInput,
} from './account.js';
export { ownAccountKey, ownAccountRecord, type OwnAccount } from './account-record.js';
export { RelayClient } from './relay-client.js';
