/**
 * Compares ours with a peer in one run: both sides of every case take turns in short slices, so that
 * what else the machine does hits both. Knows nothing of what it measures.
 */

/**
 * One side of a case: gets ready, unmeasured, to do the work `count` times, and returns that work. Work that is
 * done elsewhere (in a browser's page) resolves to the milliseconds it took there; other work is timed here.
 */
export type Side = (count: number) => Promise<() => Promise<number | void>>;

/** One comparison. Sides are prepared once and then measured in turns. */
export interface BenchCase {
  /** Kebab-case. */
  readonly name: string;
  /** What is counted, in the plural: `messages`. Results are per second, or the `cost` of one slice. */
  readonly unit: string;
  readonly peerName: string;
  /**
   * What the work of a side resolves to when it is a cost and not a time: `ms`, `KiB per connection`. Less is
   * better, so the ratio is the peer's to ours.
   */
  readonly cost?: string;
  /** How often a side does the work in one slice; aim at 20–100 ms, so that a disturbance hits few slices. */
  readonly countPerSlice: number;
  /** Slices per side; 41 by default. */
  readonly rounds?: number;
  readonly prepare: () => Promise<{
    readonly ours: Side;
    readonly peer: Side;
    readonly close?: () => Promise<void>;
  }>;
}

/** One line of a report. Rates are per second; `ratio` is ours to the peer's, of costs the other way round: better when larger. */
export interface BenchResult {
  readonly bench: string;
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  /** Median of the ratios of the rounds. */
  readonly ratio: number;
  readonly ratioMin: number;
  readonly ratioMax: number;
  readonly rounds: number;
}

const defaultRounds = 41;

/** Measures one case. */
export async function runCase(bench: string, one: BenchCase): Promise<BenchResult> {
  const { ours, peer, close } = await one.prepare();
  const rounds = one.rounds ?? defaultRounds;
  try {
    // Once unmeasured: compiled code and filled caches are what a long-lived process has.
    await measure(one, ours);
    await measure(one, peer);
    const measured: { readonly ours: number; readonly peer: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push(await measureRound(one, ours, peer, round % 2 === 0));
    }
    return summarize(bench, one, measured);
  } finally {
    await close?.();
  }
}

/** One slice of each side; who begins alternates, because what is left of one weighs on the next. */
async function measureRound(one: BenchCase, ours: Side, peer: Side, oursFirst: boolean) {
  if (oursFirst) {
    const first = await measure(one, ours);
    return { ours: first, peer: await measure(one, peer) };
  }
  const first = await measure(one, peer);
  return { ours: await measure(one, ours), peer: first };
}

/** One slice of one side: how often a second, or what it cost. */
async function measure({ countPerSlice, cost }: BenchCase, side: Side): Promise<number> {
  const work = await side(countPerSlice);
  collectYoung();
  const start = performance.now();
  const amount = await work();
  if (cost === undefined) return (countPerSlice * 1000) / (amount ?? performance.now() - start);
  if (amount === undefined) throw new Error('the work says nothing of its cost');
  return amount;
}

/**
 * Collects the young garbage, so that no slice pays for the one before. A full collection would also throw
 * away the compiled code of a side that keeps no object alive between slices; no process in use does that
 * many times a second, and it cost such a side a fifth.
 */
function collectYoung(): void {
  const collect = globalThis.gc as ((options: { type: 'minor' }) => void) | undefined;
  collect?.({ type: 'minor' });
}

function summarize(
  bench: string,
  one: BenchCase,
  measured: readonly { readonly ours: number; readonly peer: number }[],
): BenchResult {
  const ratios = measured.map(({ ours, peer }) => (one.cost === undefined ? ours / peer : peer / ours));
  return {
    bench,
    case: one.name,
    unit: one.cost ?? `${one.unit}/s`,
    ours: rounded(median(measured.map(({ ours }) => ours))),
    peer: rounded(median(measured.map(({ peer }) => peer))),
    peerName: one.peerName,
    ratio: rounded(median(ratios)),
    ratioMin: rounded(Math.min(...ratios)),
    ratioMax: rounded(Math.max(...ratios)),
    rounds: measured.length,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** Three significant digits, as many as such a measurement has. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The results as a table for people. */
export function formatTable(results: readonly BenchResult[]): string {
  const header = ['case', 'unit', 'ours', 'peer', 'ratio', 'min–max', 'peer is'];
  const rows = results.map((result) => [
    result.case,
    result.unit,
    String(result.ours),
    String(result.peer),
    result.ratio.toFixed(2),
    `${result.ratioMin.toFixed(2)}–${result.ratioMax.toFixed(2)}`,
    result.peerName,
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}
