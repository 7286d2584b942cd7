/** Messengers in this process, through the in-memory relay: what the SDK itself costs, without a network or another process. */
import {
  createMessenger,
  systemClock,
  type AccountId,
  type Messenger,
  type ProtocolEngine,
} from '@sotto/sdk';
import type { StorageAdapter } from '@sotto/sdk';
import { libsignalEngine } from '@sotto/sdk/engines/libsignal';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { createTestNetwork, type TestNetwork } from '@sotto/sdk/testing';

/** An account in this process. */
export interface MemoryPerson {
  readonly messenger: Messenger;
  readonly id: AccountId;
  /** Resolves after so many more messages have come in. */
  received(count: number): Promise<void>;
}

/** The engines by name. */
export const engines = { portable: () => portableEngine(), libsignal: () => libsignalEngine() } as const;
/** One of them. */
export type EngineName = keyof typeof engines;

/** A relay in memory, in real time. */
export function realTimeNetwork(): TestNetwork {
  return createTestNetwork({ clock: systemClock });
}

/** Opens a messenger on what its storage holds. */
export async function openPerson(
  network: TestNetwork,
  engine: ProtocolEngine,
  storage: StorageAdapter,
): Promise<Messenger> {
  return createMessenger({ engine, storage, transport: network.transport(), messageRequests: 'accept' });
}

/** Registers, connects and listens. */
export async function registerPerson(messenger: Messenger, username: string): Promise<MemoryPerson> {
  const { accountId } = await messenger.account.register({ username, password: 'bench bench bench' });
  return connectPerson(messenger, accountId);
}

/** Connects and listens. */
export async function connectPerson(messenger: Messenger, id: AccountId): Promise<MemoryPerson> {
  let waiting = { left: 0, done: () => {} };
  messenger.on('message', () => {
    waiting.left -= 1;
    if (waiting.left === 0) waiting.done();
  });
  await messenger.connect();
  return {
    messenger,
    id,
    received: (count) => new Promise((done) => (waiting = { left: count, done })),
  };
}

/** Each adds the other, and hears from the other once. */
export async function acquaint(alice: MemoryPerson, bob: MemoryPerson): Promise<void> {
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const profile = await to.messenger.account.profile();
    await from.messenger.contacts.add(profile?.contactCode ?? '');
    const heard = to.received(1);
    await from.messenger.messages.send(to.id, { text: 'hello' });
    await heard;
  }
}
