import { describe, expect, it } from 'vitest';
import { decodeSessionRecord } from '../../../../src/engines/portable/session-record/codec.js';
import type { SpqrState } from '../../../../src/engines/portable/spqr/ratchet.js';
import type { Sent, TestDevice } from '../../../../src/testing/engine-conformance-kit.js';
import { seededRandom } from '../../../../src/testing/seeded-random.js';
import { devices } from '../support.js';

const epochs = process.env['SLOW'] === '1' ? 60 : 6;

/** The post-quantum ratchet within the current session of a device on the portable engine. */
function ratchetOf(device: TestDevice): SpqrState {
  const [, record] = [...device.records].find(([key]) => /session\/.*\/current$/.test(key))!;
  return decodeSessionRecord(record).current!.ratchet.spqr;
}

interface Flight {
  readonly from: TestDevice;
  readonly to: TestDevice;
  readonly message: Sent;
}

/** A conversation with losses and disorder, until the portable side is in a later epoch. @returns its states */
async function converse(
  alice: TestDevice,
  bob: TestDevice,
  portable: TestDevice,
  seed: string,
): Promise<Set<string>> {
  const random = seededRandom(seed);
  const states = new Set<string>();
  let flights: Flight[] = [];
  for (let turn = 0; ratchetOf(portable).braid.epoch <= epochs; turn += 1) {
    expect(turn, seed).toBeLessThan(200 * epochs);
    const [from, to] = turn % 2 === 0 ? [alice, bob] : [bob, alice];
    for (let burst = 1 + random.integer(2); burst > 0; burst -= 1) {
      const message = await from.encrypt(to, 'text');
      if (random.chance(0.75)) flights.push({ from, to, message });
    }
    const arriving = random.shuffle(flights);
    flights = arriving.splice(0, random.integer(2));
    for (const flight of arriving) await flight.to.decrypt(flight.from, flight.message);
    states.add(ratchetOf(portable).braid.state.kind);
  }
  return states;
}

describe('with libsignal', () => {
  it.each([
    ['portable', 'libsignal'],
    ['libsignal', 'portable'],
  ])('%s and %s go through many epochs', { timeout: 3_600_000 }, async (initiator, recipient) => {
    const [alice, bob] = await devices(initiator, recipient);
    const portable = initiator === 'portable' ? alice : bob;
    await alice.startSession(bob, { ec: 11, kem: 21 });
    await bob.decrypt(alice, await alice.encrypt(bob, 'first'));
    await alice.decrypt(bob, await bob.encrypt(alice, 'answer'));
    const states = await converse(alice, bob, portable, `interop ${initiator}`);
    for (const kind of ['headerSent', 'ct1Received', 'ct1Sampled', 'ct2Sampled'])
      expect([...states]).toContain(kind);
    expect(ratchetOf(portable).negotiating).toBe(false);
  });
});
