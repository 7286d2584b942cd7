export { ContactLinks, type ContactShare, type ContactShareOptions } from './contact-links.js';
export { ContactBook, shownKeyOf } from './contacts.js';
export {
  contactDevices,
  contactEntries,
  contactKey,
  contactNameKey,
  contactNamePrefix,
  contactNameRecord,
  contactPrefix,
  contactRecord,
  contactView,
  refusedWork,
  type Contact,
  type ContactEntry,
  type ContactRelation,
  type ContactTrust,
  type PinStrength,
  type RefusedWork,
} from './contact-record.js';
export { Directory, seenManifest, type ResolvedAccount } from './directory.js';
export type { SafetyNumberComparison } from './safety-numbers.js';
export { assertMaySend, assertMaySendText, leastTrustToSend, mayAnswer, type TrustPolicy } from './trust.js';
