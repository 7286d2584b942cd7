/** Puts the counts together with what they look at, and serves them where the configuration says. Knows no duty. */
import type { RelayConfig } from '../config.js';
import type { HttpServer } from '../http/http-server.js';
import type { Nodes } from '../nodes/open-nodes.js';
import type { Database } from '../ports.js';
import type { RelayStorage } from '../relay-storage.js';
import { createMetricsServer } from './metrics-server.js';
import { createPrometheusMeter, type PrometheusMeter } from './prometheus.js';

/** What is looked at. */
export interface MetricsParts {
  readonly storage: Pick<RelayStorage, 'database'>;
  readonly nodes: Pick<Nodes, 'exchange'>;
}

/** The planner's estimate: counting a table of millions at every look would cost more than it tells. */
async function estimateEnvelopes(database: Database): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "SELECT greatest(reltuples, 0)::int8 AS count FROM pg_class WHERE oid = 'envelopes'::regclass",
  );
  return row?.count ?? 0;
}

/** Counts and their server. */
export class Metrics {
  readonly meter: PrometheusMeter;
  /** Set when the gateway is there. */
  connections: () => number = () => 0;
  port: number | undefined;
  readonly #server: HttpServer;
  readonly #listenAt: readonly [port: number, host: string];
  #listening = false;

  constructor(listenAt: readonly [port: number, host: string], { storage, nodes }: MetricsParts) {
    this.#listenAt = listenAt;
    this.meter = createPrometheusMeter({
      connections: () => this.connections(),
      linked: () => (nodes.exchange.state === 'degraded' ? 0 : 1),
      waitingEnvelopes: () => estimateEnvelopes(storage.database),
    });
    this.#server = createMetricsServer(this.meter);
  }

  async listen(): Promise<void> {
    this.port = (await this.#server.listen(...this.#listenAt)).port;
    this.#listening = true;
  }

  async close(): Promise<void> {
    if (this.#listening) await this.#server.close();
  }
}

/** @returns undefined when no port is configured: then nothing is counted */
export function openMetrics(config: RelayConfig, parts: MetricsParts): Metrics | undefined {
  const { metricsPort, metricsHost } = config;
  return metricsPort === undefined ? undefined : new Metrics([metricsPort, metricsHost], parts);
}
