/**
 * What does everything cost? Two messengers with durable storages through the embedded relay, beside
 * two bare Socket.IO clients that pass the same text through a server that keeps nothing. Each relay is
 * a process of its own; both pairs of clients are in this one. And without a network: two messengers of each
 * engine with storages and a relay in memory, beside libsignal called directly, which encrypts and decrypts and
 * does nothing else.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import type { BenchCase, Side } from '../harness.js';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { nativeMakers } from './engine/native-devices.js';
import { conversation, row } from './engine/scripts.js';
import { openPair, type Person } from './messenger/messenger-pair.js';
import {
  acquaint,
  engines,
  openPerson,
  realTimeNetwork,
  registerPerson,
  type EngineName,
} from './messenger/memory-people.js';
import { startRelay } from './messenger/relay-processes.js';

const text = 'x'.repeat(128);
const body = new TextEncoder().encode(text);

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-bench-'));
  const [embedded, bare] = await Promise.all([
    startRelay('embedded-relay.ts', join(folder, 'relay')),
    startRelay('bare-relay.ts', folder),
  ]);
  const people = await openPair(embedded.url, folder);
  const sockets = [connect(bare.url, 'alice'), connect(bare.url, 'bob')] as const;
  return {
    people,
    sockets,
    close: async () => {
      for (const person of people) await person.messenger.close();
      for (const socket of sockets) socket.disconnect();
      await Promise.all([embedded.stop(), bare.stop()]);
      await rm(folder, { recursive: true });
    },
  };
}

function connect(url: string, name: string): Socket {
  return io(url, { transports: ['websocket'], auth: { name }, forceNew: true });
}

/** Alice writes a burst; done when bob has all of it. */
function oneWay([alice, bob]: readonly [Person, Person]): Side {
  return async (count) => async () => {
    const all = bob.received(count);
    for (let n = 0; n < count; n += 1) await alice.messenger.messages.send(bob.id, { text });
    await all;
  };
}

function bareOneWay([alice, bob]: readonly [Socket, Socket]): Side {
  return async (count) => async () => {
    const all = new Promise<void>((resolve) => {
      let left = count;
      bob.off('message').on('message', () => {
        left -= 1;
        if (left === 0) resolve();
      });
    });
    for (let n = 0; n < count; n += 1) await alice.emitWithAck('send', 'bob', body);
    await all;
  };
}

/** Each answers the other; done after so many round trips. */
function roundTrips([alice, bob]: readonly [Person, Person]): Side {
  return async (count) => async () => {
    bob.onMessage(() => void bob.messenger.messages.send(alice.id, { text }));
    for (let n = 0; n < count; n += 1) {
      const answer = alice.received(1);
      await alice.messenger.messages.send(bob.id, { text });
      await answer;
    }
    bob.onMessage(() => {});
  };
}

function bareRoundTrips([alice, bob]: readonly [Socket, Socket]): Side {
  return async (count) => async () => {
    bob.off('message').on('message', () => bob.emit('send', 'alice', body, () => {}));
    for (let n = 0; n < count; n += 1) {
      const answer = new Promise<void>((resolve) => alice.off('message').once('message', () => resolve()));
      await alice.emitWithAck('send', 'bob', body);
      await answer;
    }
    bob.off('message');
  };
}

function makeCase(
  name: string,
  unit: string,
  countPerSlice: number,
  ours: (people: readonly [Person, Person]) => Side,
  peer: (sockets: readonly [Socket, Socket]) => Side,
): BenchCase {
  return {
    name,
    unit,
    peerName: 'bare-socket-io',
    countPerSlice,
    rounds: 9,
    prepare: async () => {
      const { people, sockets, close } = await open();
      return { ours: ours(people), peer: peer(sockets), close };
    },
  };
}

/** Alice writes a burst to Bob, all in this process. */
function inMemory(engine: EngineName): BenchCase {
  return {
    name: `in-memory-${engine}-128`,
    unit: 'messages',
    peerName: 'libsignal-alone',
    countPerSlice: 50,
    rounds: 15,
    prepare: async () => {
      const network = realTimeNetwork();
      const person = async (name: string) =>
        registerPerson(await openPerson(network, engines[engine](), memoryStorage()), name);
      const [alice, bob] = [await person('alice'), await person('bob')];
      await acquaint(alice, bob);
      const ours: Side = async (count) => async () => {
        const all = bob.received(count);
        for (let n = 0; n < count; n += 1) await alice.messenger.messages.send(bob.id, { text });
        await all;
      };
      const peer = row(await conversation(nativeMakers.session), 256);
      const close = async () => {
        await alice.messenger.close();
        await bob.messenger.close();
      };
      return { ours, peer, close };
    },
  };
}

/** See the header. */
export const cases: readonly BenchCase[] = [
  makeCase('one-way-128', 'messages', 100, oneWay, bareOneWay),
  makeCase('round-trip-128', 'round trips', 50, roundTrips, bareRoundTrips),
  inMemory('portable'),
  inMemory('libsignal'),
];
