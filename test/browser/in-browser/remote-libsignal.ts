/** What a page imports where Node imports the libsignal engine: that very engine, in Node. */
import type { ProtocolEngine } from '../../../sdk/src/ports/index.js';
import { connectEngine } from '../remote-engine/client.js';

const engine = await connectEngine();

/** See `sdk/src/engines/libsignal`. */
export function libsignalEngine(): ProtocolEngine {
  return engine;
}
