/**
 * What does the port cost? Our engine over libsignal — records in, changes out, framed and checked —
 * against libsignal called directly with an in-memory store that serialises, as every store must.
 */
import type { BenchCase, Side } from '../harness.js';
import { DirectDevice } from './engine/direct.js';
import type { BenchDevice } from './engine/device.js';
import { PortDevice } from './engine/port.js';

type Make = (account: number) => Promise<BenchDevice>;

const peerName = 'libsignal-direct';

function compare(
  name: string,
  unit: string,
  countPerSlice: number,
  side: (make: Make) => Promise<Side>,
): BenchCase {
  return {
    name,
    unit,
    peerName,
    countPerSlice,
    prepare: async () => ({ ours: await side(PortDevice.create), peer: await side(DirectDevice.create) }),
  };
}

/** Two devices that have heard from each other. */
async function conversation(make: Make): Promise<{ alice: BenchDevice; bob: BenchDevice }> {
  const [alice, bob] = [await make(1), await make(2)];
  await alice.startSession(bob.account, await bob.issueBundle());
  await bob.decrypt(alice.account, await alice.encrypt(bob.account, new Uint8Array(8)));
  await alice.decrypt(bob.account, await bob.encrypt(alice.account, new Uint8Array(8)));
  return { alice, bob };
}

const pingPong =
  (length: number) =>
  async (make: Make): Promise<Side> => {
    const { alice, bob } = await conversation(make);
    const plaintext = new Uint8Array(length);
    return async (count) => async () => {
      for (let index = 0; index < count; index += 2) {
        await bob.decrypt(alice.account, await alice.encrypt(bob.account, plaintext));
        await alice.decrypt(bob.account, await bob.encrypt(alice.account, plaintext));
      }
    };
  };

const oneWay =
  (length: number) =>
  async (make: Make): Promise<Side> => {
    const { alice, bob } = await conversation(make);
    const plaintext = new Uint8Array(length);
    return async (count) => async () => {
      for (let index = 0; index < count; index += 1) {
        await bob.decrypt(alice.account, await alice.encrypt(bob.account, plaintext));
      }
    };
  };

const sessionSetup = async (make: Make): Promise<Side> => {
  const [alice, bob] = [await make(1), await make(2)];
  const bundle = await bob.issueBundle();
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) {
      await alice.startSession(bob.account, bundle);
      // Or the next start would archive this session, and records would grow from slice to slice.
      alice.forgetSessions();
    }
  };
};

const firstDecrypt = async (make: Make): Promise<Side> => {
  const [alice, bob] = [await make(1), await make(2)];
  const plaintext = new Uint8Array(256);
  return async (count) => {
    const messages: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      alice.forgetSessions();
      await alice.startSession(bob.account, await bob.issueBundle());
      messages.push(await alice.encrypt(bob.account, plaintext));
    }
    return async () => {
      for (const message of messages) {
        bob.forgetSessions();
        await bob.decrypt(alice.account, message);
      }
    };
  };
};

const preKeys = async (make: Make): Promise<Side> => {
  const device = await make(1);
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) await device.makePreKeys();
  };
};

/** The cases of `npm run bench -- engine`. */
export const cases: readonly BenchCase[] = [
  compare('ping-pong-256', 'messages', 60, pingPong(256)),
  compare('ping-pong-4096', 'messages', 60, pingPong(4096)),
  compare('one-way-256', 'messages', 120, oneWay(256)),
  compare('one-way-4096', 'messages', 120, oneWay(4096)),
  compare('session-setup', 'sessions', 40, sessionSetup),
  compare('first-decrypt', 'sessions', 30, firstDecrypt),
  compare('100-pre-keys', 'batches', 6, preKeys),
];
