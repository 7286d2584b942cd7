/**
 * Looks now and then whether a connection is behind its mailbox, and rings it. Where nodes tell one another
 * of new envelopes this finds what got lost on the way; where they cannot, it is how envelopes arrive.
 * Knows no socket and no SQL.
 */
import type { AccountId, DeviceAddress } from '@sotto/sdk/wire';
import { describeUnexpected, type RelayLog } from '../logging/relay-log.js';
import { deviceKey } from '../mailbox/accept-plan.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import { nodeLimits } from './limits.js';
import type { NodeState } from './node-exchange.js';

/** A connection, as far as catching up is concerned. */
export interface Follower {
  readonly device: DeviceAddress;
  /** The mailbox holds, or held, envelopes up to this place. Rings the connection if it is behind. */
  headAt(seq: number): void;
}

/** Options of {@link startCatchUp}. */
export interface CatchUpOptions {
  readonly mailbox: Pick<Mailbox, 'heads'>;
  readonly followers: () => Iterable<Follower>;
  readonly state: () => NodeState;
  readonly log: RelayLog;
  readonly linkedMs?: number;
  readonly degradedMs?: number;
}

/** The running loop. */
export interface CatchUp {
  /** Looks at once, or once more when a look is under way. */
  now(): Promise<void>;
  stop(): Promise<void>;
}

function* chunked<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

async function lookOnce({ mailbox, followers }: CatchUpOptions): Promise<void> {
  const byDevice = new Map([...followers()].map((one) => [deviceKey(one.device), one]));
  const accounts = [...new Set([...byDevice.values()].map(({ device }) => device.accountId))];
  for (const some of chunked<AccountId>(accounts, nodeLimits.accountsPerCatchUp)) {
    for (const { device, seq } of await mailbox.heads(some)) byDevice.get(deviceKey(device))?.headAt(seq);
  }
}

/** Starts the loop. */
export function startCatchUp(options: CatchUpOptions): CatchUp {
  const { linkedMs = nodeLimits.linkedCatchUpMs, degradedMs = nodeLimits.degradedCatchUpMs } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  const run = async () => {
    do {
      again = false;
      try {
        await lookOnce(options);
      } catch (error) {
        // The database is away: the next look comes by itself.
        options.log.log('warn', 'catch-up-failed', describeUnexpected(error));
      }
    } while (again && !stopped);
    running = undefined;
  };
  const now = () => {
    again = true;
    return (running ??= run());
  };
  const schedule = () => {
    if (stopped || options.state() === 'alone') return;
    const look = () => void now().then(schedule);
    timer = setTimeout(look, options.state() === 'degraded' ? degradedMs : linkedMs).unref();
  };
  schedule();
  return {
    now: () =>
      stopped
        ? Promise.resolve()
        : now().then(() => {
            // What was scheduled while linked must not hold up a degraded node.
            clearTimeout(timer);
            schedule();
          }),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
