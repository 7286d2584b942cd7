/** The peer as a process: prints its address, and ends on SIGTERM. */
import { startBareRelay } from '../../bare-relay.js';

const relay = await startBareRelay();
console.log(relay.url);
process.on('SIGTERM', () => void relay.close());
