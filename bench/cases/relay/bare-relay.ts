/** The peer as a process that answers calls. */
import { startBareRelay, type BareRelay } from '../../bare-relay.js';
import { serveCalls } from './process-calls.js';
import { startProfile, stopProfile } from './profile.js';
import { collect, usage } from './usage.js';

let relay: BareRelay | undefined;

serveCalls({
  start: async () => {
    relay = await startBareRelay();
    return { url: relay.url };
  },
  usage,
  collect,
  startProfile,
  stopProfile,
  stop: async () => relay?.close(),
});
