/** The limit table at work, with counters in this process or wherever they are opened. Knows no operation beyond its class. */
import { ProblemError, type LimitSubject, type RateLimits } from '../ports.js';
import { createBoundedLimiter, type BucketSize, type Limiter, type Taken } from './bounded-limiter.js';
import { limitTable, type LimitKey, type LimitRow } from './limit-table.js';

/** Keys held per row: at about 200 bytes each 20 MB a row. Who is idle longest goes first. */
const maxKeysPerRow = 100_000;
/** What a wire problem can say at most. */
const maxRetryAfterMs = 24 * 60 * 60 * 1000;

/** Options of {@link createRateLimits}. */
export interface RateLimitOptions {
  /** Multiplies `burst` and `refill` of every row. Default 1. */
  readonly factor?: number;
  /** Told when a counter fails. */
  readonly onFailure?: (error: unknown) => void;
  readonly table?: readonly LimitRow[];
  /** Opens the buckets of a row. By default they are in this process. */
  readonly createLimiter?: (row: LimitRow, size: BucketSize) => Limiter;
}

/** An IPv6 network has 2^64 addresses for one customer: the first half counts. */
function network(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = plain.includes('::')
    ? Array<string>(Math.max(8 - left.length - right.length, 0)).fill('0')
    : [];
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

function joined(left: string | undefined, right: string | undefined): string | undefined {
  return left === undefined || right === undefined ? undefined : `${left} ${right}`;
}

const keyOf: Readonly<Record<LimitKey, (subject: LimitSubject) => string | undefined>> = {
  address: ({ address }) => network(address),
  account: ({ accountId }) => accountId,
  target: ({ targetId }) => targetId,
  pair: ({ accountId, targetId }) => joined(accountId, targetId),
  username: ({ username }) => username,
  'username-and-address': ({ username, address }) => joined(username, network(address)),
};

/** Buckets of one row in this process. */
export function createRowLimiter(_row: LimitRow, size: BucketSize): Limiter {
  return createBoundedLimiter(size, maxKeysPerRow);
}

function sizeOf({ burst, refill, refillMs }: LimitRow, factor: number): BucketSize {
  return { burst: burst * factor, refill: refill * factor, refillMs };
}

function judge(taken: Taken): void {
  if (taken.kind === 'taken') return;
  throw new ProblemError('rate-limited', { retryAfterMs: Math.min(taken.retryAfterMs, maxRetryAfterMs) });
}

/** Takes at once where the bucket is in this process: every message passes here. */
function takeFrom(
  row: LimitRow,
  limiter: Limiter,
  key: string,
  onFailure: (error: unknown) => void,
): Promise<void> | void {
  const taken = limiter.take(key);
  if (!(taken instanceof Promise)) return judge(taken);
  const withoutCounter = (error: unknown): Taken => {
    onFailure(error);
    if (row.onFailure === 'open') return { kind: 'taken' };
    throw new ProblemError('unavailable');
  };
  return taken.catch(withoutCounter).then(judge);
}

interface OpenRow {
  readonly row: LimitRow;
  readonly limiter: Limiter;
}

/** One row after the other: what a row refuses is not counted by those after it. */
function takeFromAll(
  rows: readonly OpenRow[],
  subject: LimitSubject,
  onFailure: (error: unknown) => void,
  first = 0,
): Promise<void> | void {
  for (let index = first; index < rows.length; index += 1) {
    const { row, limiter } = rows[index] as OpenRow;
    const key = keyOf[row.per](subject);
    const taking = key === undefined ? undefined : takeFrom(row, limiter, key, onFailure);
    if (taking) return taking.then(() => takeFromAll(rows, subject, onFailure, index + 1));
  }
}

/** Opens the limits of one node. */
export function createRateLimits(options: RateLimitOptions = {}): RateLimits {
  const { factor = 1, onFailure = () => {}, table = limitTable, createLimiter = createRowLimiter } = options;
  const rows = new Map<LimitRow['limit'], OpenRow[]>();
  for (const row of table) {
    const ofClass = rows.get(row.limit) ?? [];
    ofClass.push({ row, limiter: createLimiter(row, sizeOf(row, factor)) });
    rows.set(row.limit, ofClass);
  }
  return {
    consume: (limit, subject) => takeFromAll(rows.get(limit) ?? [], subject, onFailure),
  };
}
