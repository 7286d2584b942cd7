/** The composition root: the only place that knows the relay's duties, its storage and its servers. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DestinationStream } from 'pino';
import { completeConfig, type RelayConfig } from './config.js';
import { createDuties, type Duties } from './duties.js';
import { createGateway, type Gateway } from './gateway/gateway.js';
import { createApp, type Readiness } from './http/app.js';
import { clientAddress } from './http/client-address.js';
import { createHttpServer } from './http/http-server.js';
import { WebApp } from './http/web-app.js';
import { createRateLimits } from './limits/rate-limits.js';
import { createRelayLog, describeUnexpected, type RelayLog } from './logging/relay-log.js';
import { startLoadWatch, type LoadWatch } from './load-watch.js';
import { noMeter } from './metrics/meter.js';
import { openMetrics, type Metrics } from './metrics/open-metrics.js';
import type { NodeExchange } from './nodes/node-exchange.js';
import { openNodes, type Nodes } from './nodes/open-nodes.js';
import type { ConnectedDevices, Database, Now, RandomBytes, RateLimits } from './ports.js';
import { relayLimits } from './relay-limits.js';
import { openRelayStorage, type RelayStorage } from './relay-storage.js';
import { RedisAwayError } from './storage/redis/redis-link.js';
import { startUpkeep } from './upkeep.js';
import { within } from './within.js';

/** Parts that can be replaced, for tests and for embedding. */
export interface RelayOverrides {
  /**
   * An open database. It is migrated and used, and stays the caller's to close. No data folder is
   * touched then: without a configured secret one is made for this run alone.
   */
  readonly database?: Database;
  /** The clock of everything but rate limits, which run on the machine's. */
  readonly now?: Now;
  readonly random?: RandomBytes;
  /** The other nodes, in place of those that the configuration leads to. Started and closed with the relay. */
  readonly nodes?: NodeExchange;
  /** Where log lines go; standard output by default. */
  readonly logSink?: DestinationStream;
}

/** A running relay. */
export interface Relay {
  /** Where it can be reached, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  readonly port: number;
  /** The salt of login keys and the issuer of tokens: a UUID that belongs to the database. */
  readonly relayId: string;
  /** Where Prometheus finds the counts, when they are served. */
  readonly metricsPort: number | undefined;
  /**
   * Drains: new requests are refused as `unavailable`, those under way end (10 s at most), connected
   * devices are told, then everything is closed. Idempotent.
   */
  close(): Promise<void>;
}

interface Context {
  readonly settings: RelayConfig;
  readonly webApp: WebApp | undefined;
  readonly storage: RelayStorage;
  readonly now: Now;
  readonly random: RandomBytes;
  readonly log: RelayLog;
  readonly nodes: Nodes;
  readonly load: LoadWatch;
  readonly metrics: Metrics | undefined;
}

/** Live connections for the duties, which exist before the gateway does. */
class LateGateway implements ConnectedDevices {
  gateway: Gateway | undefined;

  signOut(device: Parameters<ConnectedDevices['signOut']>[0]): void {
    this.gateway?.signOut(device);
  }

  keysLow(device: Parameters<ConnectedDevices['keysLow']>[0]): void {
    this.gateway?.keysLow(device);
  }
}

function urlOf(host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Redis and the database have to fail for different things: a node without Redis still serves, and says so. */
async function readinessOf({ storage, nodes }: Context): Promise<Readiness> {
  if (!(await isAnswering(storage))) return 'away';
  return nodes.exchange.state === 'degraded' ? 'degraded' : 'ready';
}

async function isAnswering({ database, mailboxServer }: RelayStorage): Promise<boolean> {
  const asked: Promise<unknown>[] = [database.query('SELECT 1')];
  if (mailboxServer) asked.push(mailboxServer.run((client) => client.ping()));
  return within(relayLimits.readinessTimeoutMs, Promise.all(asked)).catch(() => false);
}

function createServers(context: Context, duties: Duties, limits: RateLimits, isDraining: () => boolean) {
  const { settings, now, log, nodes, webApp, metrics } = context;
  const meter = metrics?.meter ?? noMeter;
  const { openLogins, reachTokens, mailbox, continuity, proofs, routes } = duties;
  const addressOf = (request: IncomingMessage) => clientAddress(request, settings.trustedProxies);
  const app = createApp({
    ...{ routes, accessTokens: openLogins, limits, proofs, addressOf, isDraining, webApp, log, now },
    allowedOrigins: settings.allowedOrigins,
    readiness: () => readinessOf(context),
    ...{ overloaded: () => context.load.overloaded(), meter },
  });
  const http = createHttpServer(app, meter);
  const gateway = createGateway({
    ...{ httpServer: http.server, limits, mailbox, continuity, now, log, addressOf },
    ...{ overloaded: () => context.load.overloaded(), meter },
    tokens: openLogins,
    nodes: nodes.exchange,
    reach: reachTokens,
  });
  return { http, gateway };
}

/** That Redis is away is said once, where it is noticed, and not with every request. */
function logLimitFailure(log: RelayLog, error: unknown): void {
  if (error instanceof RedisAwayError) return;
  log.log('warn', 'limit-failed', describeUnexpected(error));
}

async function start(context: Context): Promise<Relay> {
  const { settings, storage, now, random, log, nodes, load, metrics } = context;
  const connected = new LateGateway();
  const duties = await createDuties({
    storage,
    connected,
    now,
    random,
    ...(metrics && { meter: metrics.meter }),
  });
  const limits = createRateLimits({
    factor: settings.limitFactor,
    createLimiter: nodes.createLimiter,
    onFailure: (error) => logLimitFailure(log, error),
  });
  let draining = false;
  const { http, gateway } = createServers(context, duties, limits, () => draining);
  connected.gateway = gateway;
  if (metrics) metrics.connections = () => gateway.connections;
  await gateway.start();
  await metrics?.listen();
  const { port } = await http.listen(settings.port, settings.host);
  const { sweepIntervalMs } = relayLimits;
  const { asOnlyNode } = storage;
  const upkeep = startUpkeep({
    ...{ sweeps: duties.sweeps, intervalMs: sweepIntervalMs },
    ...{ asOnlyNode, now, log },
  });
  log.log('info', 'listening', { port });

  const close = async () => {
    draining = true;
    log.log('info', 'draining');
    await Promise.all([http.close(), gateway.drain().then(() => gateway.close()), upkeep.stop()]);
    await Promise.all([nodes.exchange.close(), metrics?.close()]);
    load.stop();
    await storage.close();
    log.log('info', 'closed');
  };
  let closing: Promise<void> | undefined;
  const { relayId } = storage;
  const metricsPort = metrics?.port;
  const url = urlOf(settings.host, port);
  return { url, port, relayId, metricsPort, close: () => (closing ??= close()) };
}

/**
 * Starts a relay. What `config` leaves out has the default that {@link RelayConfig} names; the
 * environment is not read.
 * @throws OperatorError with one clear line when it cannot start: a setting is wrong, the port is taken,
 * the data folder is in use, the database is newer or away
 */
export async function createRelay(
  config: Partial<RelayConfig> = {},
  overrides: RelayOverrides = {},
): Promise<Relay> {
  const settings = completeConfig(config);
  const { database, now = Date.now, random = (length) => randomBytes(length), logSink } = overrides;
  const log = createRelayLog({ level: settings.logLevel, now, ...(logSink ? { sink: logSink } : {}) });
  const webApp = settings.appFolder === undefined ? undefined : await WebApp.load(settings.appFolder);
  const storage = await openRelayStorage(settings, { database, random, log });
  const { secrets } = storage;
  const opened = openNodes({ config: settings, database: storage.database, limitKey: secrets.limitKey, log });
  const nodes = { ...opened, exchange: overrides.nodes ?? opened.exchange };
  const metrics = openMetrics(settings, { storage, nodes });
  const load = startLoadWatch();
  try {
    return await start({ settings, webApp, storage, now, random, log, nodes, load, metrics });
  } catch (error) {
    load.stop();
    await metrics?.close();
    await nodes.exchange.close();
    await storage.close();
    throw error;
  }
}
