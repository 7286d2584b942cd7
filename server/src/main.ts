#!/usr/bin/env node
/**
 * The `sotto-relay` command. `serve` (the default) runs a relay and drains it on SIGTERM or SIGINT; `migrate`
 * brings the database to this relay's schema; `doctor` says what is wrong with what a relay would stand on.
 */
import { randomBytes } from 'node:crypto';
import { completeConfig, readEnvironment } from './config.js';
import { examine } from './doctor/doctor.js';
import { createRelayLog, describeUnexpected } from './logging/relay-log.js';
import { OperatorError } from './operator-error.js';
import { createRelay, type Relay } from './relay.js';
import { openRelayStorage } from './relay-storage.js';

const usage = 'usage: sotto-relay [serve | migrate | doctor]';

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

async function serve(): Promise<void> {
  closeOnSignals(await createRelay(readEnvironment(process.env)));
}

async function migrate(): Promise<void> {
  // Mailboxes in Redis have no schema.
  const config = { ...completeConfig(readEnvironment(process.env)), mailboxRedisUrl: undefined };
  const log = createRelayLog({ level: 'silent', now: Date.now });
  const storage = await openRelayStorage(config, { database: undefined, random: randomBytes, log });
  await storage.close();
  process.stdout.write(`migrations applied: ${storage.migrated}\n`);
}

async function doctor(): Promise<void> {
  const findings = await examine(readEnvironment(process.env), Date.now());
  for (const { level, part, text } of findings) process.stdout.write(`${level.padEnd(4)} ${part}: ${text}\n`);
  if (findings.some(({ level }) => level === 'fail')) process.exitCode = 1;
}

const commands: Readonly<Record<string, () => Promise<void>>> = { serve, migrate, doctor };

const [name = 'serve', ...rest] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) && rest.length === 0 ? commands[name] : undefined;
if (command === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
try {
  await command();
} catch (error) {
  fail(error);
}
