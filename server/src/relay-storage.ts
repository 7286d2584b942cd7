/** Opens what the relay keeps: the data folder or a database server, migrated, and the relay's secrets. Knows no duty. */
import { randomUUID } from 'node:crypto';
import type { RelayConfig } from './config.js';
import { describeUnexpected, type RelayLog } from './logging/relay-log.js';
import { OperatorError } from './operator-error.js';
import type { Database, RandomBytes } from './ports.js';
import { deriveRelaySecrets, type RelaySecrets } from './secrets.js';
import { openDataFolder } from './storage/data-folder.js';
import { migrate, openPGliteDatabase, openPostgresDatabase } from './storage/postgres/index.js';
import { jobLock } from './storage/postgres/job-lock.js';
import { loadRelayId } from './storage/postgres/relay-settings.js';
import { MailboxServer } from './storage/redis/mailbox-server.js';
import { onlyNode, type AsOnlyNode } from './upkeep.js';

/** Everything that is open. */
export interface RelayStorage {
  readonly database: Database;
  readonly secrets: RelaySecrets;
  readonly relayId: string;
  /** How many migrations were applied now. */
  readonly migrated: number;
  readonly asOnlyNode: AsOnlyNode;
  /** Where mailboxes are, when not in the database. */
  readonly mailboxServer: MailboxServer | undefined;
  close(): Promise<void>;
}

/** Options of {@link openRelayStorage}. */
export interface RelayStorageOptions {
  /** Used in place of all else and not closed. */
  readonly database: Database | undefined;
  readonly random: RandomBytes;
  readonly log: RelayLog;
}

interface Opened {
  readonly database: Database;
  readonly asOnlyNode: AsOnlyNode;
  readonly secret: Uint8Array;
  readonly close: () => Promise<void>;
}

const secretBytes = 32;

function openGiven(config: RelayConfig, database: Database, random: RandomBytes): Opened {
  return {
    ...{ database, asOnlyNode: onlyNode, close: async () => {} },
    secret: config.secret ?? random(secretBytes),
  };
}

function openServer(config: RelayConfig, url: string, secret: Uint8Array, log: RelayLog): Opened {
  const { databaseConnections: maxConnections } = config;
  const onIdleError = (error: Error) =>
    log.log('warn', 'database-connection-lost', describeUnexpected(error));
  const database = openPostgresDatabase(url, { onIdleError, maxConnections });
  const asOnlyNode = jobLock(database);
  return { database, secret, asOnlyNode, close: () => database.close() };
}

async function openEmbedded(config: RelayConfig, random: RandomBytes): Promise<Opened> {
  const folder = await openDataFolder(config.dataFolder);
  try {
    const secret = config.secret ?? (await folder.secret(random));
    const database = await openPGliteDatabase(folder.databaseFolder);
    const close = async () => {
      await database.close();
      await folder.release();
    };
    return { database, secret, asOnlyNode: onlyNode, close };
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function open(config: RelayConfig, options: RelayStorageOptions): Promise<Opened> {
  const { database, random, log } = options;
  if (database !== undefined) return openGiven(config, database, random);
  // `completeConfig` has seen to it that a database server comes with a secret.
  if (config.databaseUrl === undefined || config.secret === undefined) return openEmbedded(config, random);
  return openServer(config, config.databaseUrl, config.secret, log);
}

/** The driver's message may show an address or a password, its code does not. */
function asOperatorError(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error;
  const { errorCode, errorName } = describeUnexpected(error);
  return new OperatorError(`the database cannot be opened: ${errorCode ?? errorName ?? 'unknown'}`);
}

/**
 * Opens the storage that the configuration names.
 * @throws OperatorError
 */
export async function openRelayStorage(
  config: RelayConfig,
  options: RelayStorageOptions,
): Promise<RelayStorage> {
  let opened: Opened | undefined;
  try {
    opened = await open(config, options);
    const migrated = await migrate(opened.database);
    const relayId = await loadRelayId(opened.database, randomUUID);
    const { database, secret, asOnlyNode } = opened;
    const { mailboxRedisUrl: url } = config;
    const mailboxServer = url === undefined ? undefined : await MailboxServer.open(url, database);
    const close = async () => {
      mailboxServer?.close();
      await opened?.close();
    };
    const secrets = deriveRelaySecrets(secret);
    return { database, relayId, migrated, asOnlyNode, secrets, mailboxServer, close };
  } catch (error) {
    await opened?.close();
    throw asOperatorError(error);
  }
}
