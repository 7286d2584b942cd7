/** Ours: the embedded relay with everything on. Ceilings are raised, the limiter is still asked. */
import { createRelay } from '@sotto/relay';

const [dataFolder] = process.argv.slice(2);
if (dataFolder === undefined) throw new Error('usage: embedded-relay.ts FOLDER');
const relay = await createRelay({ port: 0, dataFolder, logLevel: 'error', limitFactor: 1_000_000 });
console.log(relay.url);
process.on('SIGTERM', () => void relay.close());
