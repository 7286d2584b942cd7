/** What the tests of the portable engine's sessions share: devices on either engine, and what they read and wrote. */
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '../../../src/engines/portable/index.js';
import type { EngineStep, EngineView, ProtocolEngine } from '../../../src/ports/index.js';
import { TestDevice } from '../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../src/testing/index.js';

/** No two engines draw the same keys. */
let engineCount = 0;

/** Engines by name, for tables of who starts and who answers. */
export const engines: Readonly<Record<string, () => ProtocolEngine>> = {
  portable: () => portableEngine({ random: seededRandom(`portable ${(engineCount += 1)}`) }),
  libsignal: libsignalEngine,
};

/** Both roles of the portable engine, against libsignal and against itself. */
export const roles = [
  ['portable', 'libsignal'],
  ['libsignal', 'portable'],
  ['portable', 'portable'],
] as const;

/** Two devices of different accounts, on the engines named. */
export async function devices(initiator: string, recipient: string): Promise<[TestDevice, TestDevice]> {
  return [
    await TestDevice.create(engines[initiator]!(), 1),
    await TestDevice.create(engines[recipient]!(), 2),
  ];
}

/** A view that counts what is read through it. */
export class CountingView implements EngineView {
  readonly keys: string[] = [];
  bytes = 0;
  roundTrips = 0;
  readonly #view: EngineView;

  constructor(view: EngineView) {
    this.#view = view;
  }

  async get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.roundTrips += 1;
    this.keys.push(...keys);
    const values = await this.#view.get(keys);
    for (const value of values) this.bytes += value?.length ?? 0;
    return values;
  }
}

/** How many records a step writes and deletes, and how many bytes. */
export function written({ changes }: EngineStep<unknown>): {
  puts: number;
  deletions: number;
  bytes: number;
} {
  const puts = changes.filter(({ value }) => value !== undefined);
  return {
    puts: puts.length,
    deletions: changes.length - puts.length,
    bytes: puts.reduce((sum, { value }) => sum + (value as Uint8Array).length, 0),
  };
}
