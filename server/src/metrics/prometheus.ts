/** The relay's counts in Prometheus's format. Knows no duty and no server. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from './meter.js';

/** What is asked when somebody looks. A failure leaves the last value. */
export interface Gauges {
  /** Devices connected to this node. */
  readonly connections: () => number;
  /** 1 while other nodes can be told, or there are none; 0 while not. */
  readonly linked: () => number;
  /** About how many envelopes wait, at all nodes together. */
  readonly waitingEnvelopes: () => Promise<number>;
}

/** A meter that can be read. */
export interface PrometheusMeter extends Meter {
  readonly contentType: string;
  /** Everything, as text. */
  read(): Promise<string>;
}

/** From a healthy commit to the days a device is away. */
const delaySeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60, 3600, 86_400];
const answerSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

function addGauges(registers: Registry[], gauges: Gauges): void {
  new Gauge({
    name: 'sotto_connections',
    help: 'Devices connected to this node.',
    registers,
    collect() {
      this.set(gauges.connections());
    },
  });
  new Gauge({
    name: 'sotto_nodes_linked',
    help: '1 while other nodes can be told of new envelopes; 0 while mailboxes are read instead.',
    registers,
    collect() {
      this.set(gauges.linked());
    },
  });
  new Gauge({
    name: 'sotto_waiting_envelopes',
    help: 'About how many envelopes wait in all mailboxes: the estimate of the database’s planner.',
    registers,
    async collect() {
      this.set(await gauges.waitingEnvelopes().catch(() => Number.NaN));
    },
  });
}

function makeCounts(registers: Registry[]) {
  return {
    answered: new Histogram({
      name: 'sotto_answer_seconds',
      help: 'Requests by operation and outcome, and how long their answers took.',
      labelNames: ['operation', 'outcome'],
      buckets: answerSeconds,
      registers,
    }),
    delay: new Histogram({
      name: 'sotto_delivery_delay_seconds',
      help: 'From the acceptance of an envelope until it was handed to its device’s connection.',
      buckets: delaySeconds,
      registers,
    }),
    acknowledged: new Counter({
      name: 'sotto_acknowledged_envelopes_total',
      help: 'Envelopes that devices acknowledged.',
      registers,
    }),
    batch: new Histogram({
      name: 'sotto_batch_calls',
      help: 'Calls that shared one transaction.',
      labelNames: ['kind'],
      buckets: batchSizes,
      registers,
    }),
    shed: new Counter({
      name: 'sotto_shed_total',
      help: 'What was turned away to protect the relay, by reason.',
      labelNames: ['reason'],
      registers,
    }),
  };
}

/** Opens a meter of its own; the process's other meters are left alone. */
export function createPrometheusMeter(gauges: Gauges): PrometheusMeter {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addGauges([registry], gauges);
  const counts = makeCounts([registry]);
  return {
    contentType: registry.contentType,
    read: () => registry.metrics(),
    answered: (operation, outcome, durationMs) =>
      counts.answered.observe({ operation, outcome }, durationMs / 1000),
    delivered: (delayMs) => counts.delay.observe(Math.max(delayMs, 0) / 1000),
    acknowledged: (count) => counts.acknowledged.inc(count),
    batch: (kind, size) => counts.batch.observe({ kind }, size),
    shed: (reason) => counts.shed.inc({ reason }),
  };
}
