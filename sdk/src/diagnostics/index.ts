export { readCounters, type LimitName, type MessengerCounters } from './counters.js';
export {
  makeSupportBundle,
  type CountedSpace,
  type DiagnosticsParts,
  type SupportBundle,
  type SupportBundlePart,
  type SupportBundlePeer,
} from './support-bundle.js';
