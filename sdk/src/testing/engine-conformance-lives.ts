/**
 * Cases: long lives of two devices from a seed — loss, disorder and repetition while sessions are archived
 * and started anew, often by both at once. Whatever is not too old is decrypted, and once.
 */
import { assert, assertEqual } from './assert.js';
import { type EnginePair, makePair, type Sent, type TestDevice } from './engine-conformance-kit.js';
import type { ConformanceRunner } from './runner.js';
import { seededRandom, type SeededRandom } from './seeded-random.js';

const turns = 500;

/** How many of the messages sent last may still arrive: a session keeps the keys of a few chains only. */
const underWay = 6;

/** One-time keys made at a time, for new sessions. */
const stock = 20;

/** Declares them. */
export function lifeCases({ describe, it }: ConformanceRunner, pair: EnginePair, seed: number): void {
  describe('long lives', () => {
    it(`in which sessions come and go deliver exactly once (seed ${seed})`, () => live(pair, seed));
  });
}

interface Side {
  readonly device: TestDevice;
  nextOneTimeId: number;
}

interface Flight {
  readonly from: Side;
  readonly to: Side;
  readonly message: Sent;
  seen: boolean;
}

async function live(pair: EnginePair, seed: number): Promise<void> {
  const random = seededRandom(`lives ${seed}`);
  const { alice, bob } = await makePair(pair);
  const sides = [
    { device: alice, nextOneTimeId: stock * 2 },
    { device: bob, nextOneTimeId: stock * 2 },
  ] as const;
  const flights: Flight[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const [from, to] = random.chance(0.5) ? sides : ([sides[1], sides[0]] as const);
    if (random.chance(0.06)) await renew(random, from, to);
    if (random.chance(0.55)) flights.push({ from, to, message: await send(from, to, turn), seen: false });
    else await arrive(random, flights, turn);
  }
  const arrived = flights.filter(({ seen }) => seen).length;
  assert(arrived > 50 && arrived < flights.length, 'some arrived and some were lost');
  await settle(sides[0], sides[1]);
}

/** Puts the session aside, or starts another one beside it. */
async function renew(random: SeededRandom, by: Side, other: Side): Promise<void> {
  const { engine, view } = by.device;
  if (random.chance(0.5)) await start(by, other);
  else by.device.apply(await engine.archiveSession(view, other.device.address));
}

async function start(by: Side, other: Side): Promise<void> {
  const id = other.nextOneTimeId;
  if (id % stock === 0) await addOneTimeKeys(other.device, id);
  other.nextOneTimeId += 1;
  await by.device.startSession(other.device, { ec: id, kem: id });
}

async function addOneTimeKeys(device: TestDevice, first: number): Promise<void> {
  const ids = Array.from({ length: stock }, (_, index) => first + index);
  const input = { our: device.our, oneTimeIds: ids, kemOneTimeIds: ids, now: device.now };
  const { oneTime, kemOneTime } = device.apply(await device.engine.generatePreKeys(input));
  device.preKeys = { ...device.preKeys, oneTime, kemOneTime };
}

async function send(from: Side, to: Side, turn: number): Promise<Sent> {
  const { engine, view, now } = from.device;
  const { usable } = await engine.sessionState(view, to.device.address, now);
  if (!usable) await start(from, to);
  return from.device.encrypt(to.device, `turn ${turn}`);
}

async function arrive(random: SeededRandom, flights: Flight[], turn: number): Promise<void> {
  const recent = flights.slice(-underWay);
  if (recent.length === 0) return;
  const flight = random.pick(recent);
  const [from, to] = [flight.from.device, flight.to.device];
  if (flight.seen) await to.assertRefuses(from, flight.message, 'duplicate-message', `turn ${turn}, again`);
  else await to.decrypt(from, flight.message);
  flight.seen = true;
}

/** One message each way heals whatever confusion is left. */
async function settle(one: Side, other: Side): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const message = await send(from, to, turns + round);
      await to.device.decrypt(from.device, message);
      if (round === 3) assertEqual(message.kind, 'message', 'kind once the sessions converged');
    }
  }
}
