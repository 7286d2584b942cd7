#!/usr/bin/env node
/** The `sotto-relay` command: reads the environment, runs a relay, drains it on SIGTERM or SIGINT. */
import { readEnvironment } from './config.js';
import { describeUnexpected } from './logging/relay-log.js';
import { OperatorError } from './operator-error.js';
import { createRelay, type Relay } from './relay.js';

function fail(error: unknown): never {
  const { errorName, errorAt } = describeUnexpected(error);
  const reason = error instanceof OperatorError ? error.message : `unexpected ${errorName} at ${errorAt}`;
  process.stderr.write(`sotto-relay: ${reason}\n`);
  process.exit(1);
}

/** The first signal drains, the second one ends at once. */
function closeOnSignals(relay: Relay): void {
  let closing = false;
  const onSignal = () => {
    if (closing) process.exit(1);
    closing = true;
    relay.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

try {
  closeOnSignals(await createRelay(readEnvironment(process.env)));
} catch (error) {
  fail(error);
}
