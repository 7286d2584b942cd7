/**
 * Mutated, cut, replayed and misdirected messages of sessions, given to both engines: both take them or
 * both refuse them with the same code, and a refusal leaves every record as it was. 10,000 in all; half a
 * million with `SLOW=1`. `SEED` repeats a run.
 *
 * Up to the first answer the two receivers have the very same keys and get the very same bytes. Once they
 * answer, their ratchets differ: then each has a sender of its own, and what is changed lies inside a
 * field, so that nothing random is read as a length.
 */
import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { equalBytes } from '../../../src/bytes.js';
import { isSottoError } from '../../../src/errors.js';
import type { SessionInput } from '../../../src/ports/index.js';
import { testAddress, TestDevice, type Sent } from '../../../src/testing/engine-conformance-kit.js';
import { seededRandom, type SeededRandom } from '../../../src/testing/index.js';
import { engineNamed } from '../../support/engines.js';
import { mutated } from '../portable/messages/mutate.js';
import { Outcomes, outcomeOf, twins, type Both } from './negatives-kit.js';

const slow = process.env['SLOW'] === '1';
const seed = process.env['SEED'] ?? (slow ? String(randomInt(2 ** 31)) : '1');
const runs = slow ? 500 : 10;
const attemptsPerRun = 500;
const timeout = 3_600_000;

/** What a device is told to decrypt. */
type Attempt = SessionInput & Pick<Sent, 'kind' | 'ciphertext'>;

function otherKind(kind: Sent['kind']): Sent['kind'] {
  return kind === 'prekey' ? 'message' : 'prekey';
}

/** A message as it is, to or from somebody else, or of another kind. */
function misdirected(trick: number, receiver: TestDevice, sender: TestDevice, message: Sent): Attempt {
  const { kind, ciphertext } = message;
  const input = receiver.input(sender.address);
  if (trick === 0) return { ...input, kind: otherKind(kind), ciphertext };
  if (trick === 1) return { ...receiver.input(testAddress(3, 1)), kind, ciphertext };
  if (trick === 2) return { ...input, our: { ...input.our, address: testAddress(2, 5) }, kind, ciphertext };
  return { ...input, kind, ciphertext };
}

async function outcomes([first, second]: Both<TestDevice>, attempts: Both<Attempt>): Promise<Both<string>> {
  return [
    await outcomeOf(first, () => first.engine.decrypt(first.view, attempts[0])),
    await outcomeOf(second, () => second.engine.decrypt(second.view, attempts[1])),
  ];
}

/** Delivers and commits. A message may be of a chain that is gone: in both worlds, then. */
async function delivered(receiver: TestDevice, sender: TestDevice, message: Sent): Promise<string> {
  try {
    await receiver.decrypt(sender, message);
    return 'taken';
  } catch (error) {
    if (!isSottoError(error)) throw error;
    return error.code;
  }
}

/** One sender, two receivers with the same keys. */
async function firstFlight(run: number, counted: Outcomes): Promise<void> {
  const random = seededRandom(`${seed}/first ${run}`);
  const sender = await TestDevice.create(engineNamed('portable', random.fork('sender')), 1);
  const receivers = await twins(2);
  await sender.startSession(receivers[0], random.chance(0.5) ? { ec: 11, kem: 21 } : {});
  const inbox: Sent[] = [];
  const done: Sent[] = [];
  for (let round = 0; round < attemptsPerRun; round += 1) {
    const label = `first flight ${run}, seed ${seed}, round ${round}`;
    if (inbox.length === 0 || random.chance(0.06)) inbox.push(await sender.encrypt(receivers[0], label));
    const message = random.pick(random.chance(0.15) && done.length > 0 ? done : inbox);
    const envelope = { before: 1, after: 0 };
    const trick = random.integer(10);
    const changed =
      trick > 3 ? { ...message, ciphertext: mutated(random, message.ciphertext, envelope) } : message;
    const attempts = receivers.map((device) => misdirected(trick, device, sender, changed));
    const results = await outcomes(receivers, attempts as unknown as Both<Attempt>);
    counted.note(results, `${label}: ${Buffer.from(changed.ciphertext).toString('hex')}`);
    if (!random.chance(0.03)) continue;
    const [next] = inbox.splice(random.integer(inbox.length), 1) as [Sent];
    done.push(next);
    const [first, second] = receivers;
    const took: Both<string> = [await delivered(first, sender, next), await delivered(second, sender, next)];
    counted.note(took, `${label}, delivered`);
  }
}

/** A receiver and the sender it talks with. */
interface World {
  readonly sender: TestDevice;
  readonly receiver: TestDevice;
  readonly inbox: Sent[];
  readonly done: Sent[];
}

async function makeWorld(engine: 'libsignal' | 'portable', random: SeededRandom): Promise<World> {
  const sender = await TestDevice.create(engineNamed('portable', random.fork('sender')), 1);
  const receiver = await TestDevice.create(engineNamed(engine, random.fork('receiver')), 2);
  await sender.startSession(receiver, { ec: 11, kem: 21 });
  await receiver.decrypt(sender, await sender.encrypt(receiver, 'first'));
  await sender.decrypt(receiver, await receiver.encrypt(sender, 'answer'));
  return { sender, receiver, inbox: [], done: [] };
}

/** Where a field's content begins in a message: the ratchet key, the counter, or what follows them. */
const fieldStarts = { ratchetKey: 4, ratchetKeyEnd: 36, tail: 8 };

/** Turns a bit where no length is: in the ratchet key, near the end of the last field, or in the MAC. */
function turnBit(random: SeededRandom, message: Sent): Sent {
  const ciphertext = message.ciphertext.slice();
  const { ratchetKey, ratchetKeyEnd, tail } = fieldStarts;
  const at = random.chance(0.3)
    ? ratchetKey + random.integer(ratchetKeyEnd - ratchetKey)
    : ciphertext.length - 1 - random.integer(2 * tail);
  ciphertext[at] = (ciphertext[at] as number) ^ (1 << random.integer(8));
  return { ...message, ciphertext };
}

/** Two senders, two receivers, the same events; the ratchets turn. */
async function turning(run: number, counted: Outcomes): Promise<void> {
  const random = seededRandom(`${seed}/turning ${run}`);
  const worlds: Both<World> = [await makeWorld('libsignal', random), await makeWorld('portable', random)];
  for (let round = 0; round < attemptsPerRun; round += 1) {
    const label = `turning ${run}, seed ${seed}, round ${round}`;
    if (worlds[0].inbox.length === 0 || random.chance(0.15)) {
      for (const { sender, receiver, inbox } of worlds) inbox.push(await sender.encrypt(receiver, label));
    }
    const old = random.chance(0.2) && worlds[0].done.length > 0;
    const nth = random.integer(old ? worlds[0].done.length : worlds[0].inbox.length);
    const trick = random.integer(8);
    const attempts = worlds.map(({ sender, receiver, inbox, done }) => {
      const message = (old ? done : inbox)[nth] as Sent;
      const changed = trick > 3 ? turnBit(seededRandom(label), message) : message;
      expect(trick > 3 && equalBytes(changed.ciphertext, message.ciphertext)).toBe(false);
      return misdirected(trick, receiver, sender, changed);
    });
    const receivers: Both<TestDevice> = [worlds[0].receiver, worlds[1].receiver];
    counted.note(await outcomes(receivers, attempts as unknown as Both<Attempt>), `${label}, trick ${trick}`);
    if (random.chance(0.12)) await deliverNext(worlds, random, counted, label);
    if (random.chance(0.08)) {
      for (const { sender, receiver } of worlds) {
        await sender.decrypt(receiver, await receiver.encrypt(sender, 'an answer'));
      }
    }
  }
}

async function deliverNext(
  worlds: Both<World>,
  random: SeededRandom,
  counted: Outcomes,
  label: string,
): Promise<void> {
  const nth = random.integer(worlds[0].inbox.length);
  const took: string[] = [];
  for (const { sender, receiver, inbox, done } of worlds) {
    const [next] = inbox.splice(nth, 1) as [Sent];
    done.push(next);
    took.push(await delivered(receiver, sender, next));
  }
  counted.note(took as unknown as Both<string>, `${label}, delivered`);
}

it('both engines take and refuse the same messages of sessions', { timeout }, async () => {
  const counted = new Outcomes();
  for (let run = 0; run < runs; run += 1) {
    await firstFlight(run, counted);
    await turning(run, counted);
  }
  console.log(`messages of sessions (seed ${seed}): ${counted.toString()}`);
  expect(counted.total).toBeGreaterThanOrEqual(2 * runs * attemptsPerRun);
  for (const outcome of ['taken', 'invalid-message', 'duplicate-message', 'no-session']) {
    expect(counted.of(outcome), outcome).toBeGreaterThan(20);
  }
});
