/** What a server process uses, for whoever asks it. */

/** See the header. */
export interface Usage {
  /** User and system time since the start. */
  readonly cpuMs: number;
  /** Resident memory. */
  readonly residentBytes: number;
  /** Of it, what JavaScript objects take. */
  readonly heapBytes: number;
}

/** This process's usage. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
  return { cpuMs: (user + system) / 1000, residentBytes, heapBytes };
}

/** Collects garbage, twice: what the first pass finalises the second one frees. */
export function collect(): void {
  const gc = globalThis.gc as (() => void) | undefined;
  gc?.();
  gc?.();
}

/** What several processes use together. */
export function sumOf(usages: readonly Usage[]): Usage {
  const total = (of: (one: Usage) => number) => usages.reduce((sum, one) => sum + of(one), 0);
  return {
    cpuMs: total(({ cpuMs }) => cpuMs),
    residentBytes: total(({ residentBytes }) => residentBytes),
    heapBytes: total(({ heapBytes }) => heapBytes),
  };
}
