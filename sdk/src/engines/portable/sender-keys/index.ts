/** Sender keys: what the port asks of them. Loaded when a program first writes to a group or reads of one. */
export { decryptFromGroup } from './receive.js';
export {
  createSenderKeyDistribution,
  encryptToGroup,
  processSenderKeyDistribution,
  removeSenderKey,
} from './steps.js';
