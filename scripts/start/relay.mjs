/**
 * The relay as a child of `npm start`: configured by the environment, tells its parent its address
 * once it serves, and drains on SIGTERM. What keeps it from starting is one line.
 */
import { createRelay, OperatorError, readEnvironment } from '@sotto/relay';

function fail(error) {
  const reason = error instanceof OperatorError ? error.message : String(error?.stack ?? error);
  process.stderr.write(`sotto-relay: ${reason}\n`);
  process.exit(1);
}

try {
  const relay = await createRelay(readEnvironment(process.env));
  process.once('SIGTERM', () => void relay.close().then(() => process.exit(0), fail));
  process.send({ url: relay.url });
} catch (error) {
  fail(error);
}
