/**
 * Long conversations between the portable engine here and Signal's own library in Node, with loss, disorder
 * and repetition, over several epochs of the post-quantum ratchet. Every message's fate is predicted from
 * headers alone. `SOTTO_SEED` repeats a run.
 */
import { describe, expect, it } from 'vitest';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { calm, happenings, type Weather } from '../../../../sdk/test/engines/interop/schedule.js';
import { InteropWorld, type Tally } from '../../../../sdk/test/engines/interop/world.js';
import type { ProtocolEngine } from '../../../../sdk/src/ports/index.js';

const seed = process.env['SOTTO_SEED'] ?? '1';
const messages = 600;
/** An epoch takes 43 round trips at best; loss and one side's bursts slow it. */
const minEpochs = 3;

const weather: Weather = {
  ...calm,
  name: 'changeable',
  loss: 0.1,
  duplication: 0.08,
  disorder: 0.3,
  maxBurst: 3,
};

const pairs: Readonly<Record<string, readonly [() => ProtocolEngine, () => ProtocolEngine]>> = {
  'portable starts with libsignal': [() => portableEngine(), libsignalEngine],
  'libsignal starts with portable': [libsignalEngine, () => portableEngine()],
  'portable over noble alone starts with libsignal': [
    () => portableEngine({ primitives: 'noble' }),
    libsignalEngine,
  ],
};

async function talk(label: string, [alice, bob]: readonly [ProtocolEngine, ProtocolEngine]): Promise<Tally> {
  const world = await InteropWorld.create(label, alice, bob);
  // The first message arrives, so that both know the session.
  await world.run([
    { kind: 'send', from: 'alice' },
    { kind: 'drain', to: 'bob' },
  ]);
  return world.run(happenings(weather, messages, seed));
}

describe(`a conversation of ${messages} messages (seed ${seed})`, () => {
  it.each(Object.entries(pairs))('%s', { timeout: 120_000 }, async (name, [alice, bob]) => {
    const tally = await talk(`${name}, seed ${seed}`, [alice(), bob()]);
    console.log(`${name}, seed ${seed}: ${JSON.stringify(tally)}`);
    expect(tally.epochs).toBeGreaterThanOrEqual(minEpochs);
    expect(tally.duplicates).toBeGreaterThan(10);
    expect(tally.decrypted).toBeGreaterThan(tally.sent * 0.8);
  });
});
