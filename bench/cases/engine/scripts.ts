/**
 * What is done over and over in each case of the engine benches: the same script drives ours and the peer, in
 * Node or in a page. Knows no engine.
 */
import type { Side } from '../../harness.js';
import {
  usualLength,
  type BenchDevice,
  type GroupMember,
  type Make,
  type ManySealer,
  type Sealer,
} from './device.js';

type Script<Device> = (make: Make<Device>) => Promise<Side>;

/** As many as the protocol has kept. */
const skippedKeys = 2_000;

/** Of a message sealed for many. */
const recipientCount = 100;

/** Two devices that have a session. */
export interface Conversation {
  readonly alice: BenchDevice;
  readonly bob: BenchDevice;
}

/** Two devices that have heard from each other. */
export async function conversation(make: Make<BenchDevice>): Promise<Conversation> {
  const [alice, bob] = [await make(1), await make(2)];
  await meet(alice, bob);
  return { alice, bob };
}

async function meet(alice: BenchDevice, bob: BenchDevice): Promise<void> {
  await alice.startSession(bob.account, await bob.issueBundle());
  await bob.decrypt(alice.account, await alice.encrypt(bob.account, new Uint8Array(8)));
  await alice.decrypt(bob.account, await bob.encrypt(alice.account, new Uint8Array(8)));
}

/** Two who take turns. */
export function exchanges({ alice, bob }: Conversation, length: number): Side {
  const plaintext = new Uint8Array(length);
  return async (count) => async () => {
    for (let index = 0; index < count; index += 2) {
      await bob.decrypt(alice.account, await alice.encrypt(bob.account, plaintext));
      await alice.decrypt(bob.account, await bob.encrypt(alice.account, plaintext));
    }
  };
}

function pingPong(length: number): Script<BenchDevice> {
  return async (make) => exchanges(await conversation(make), length);
}

/** One who writes, and one who reads. */
export function row({ alice, bob }: Conversation, length: number): Side {
  const plaintext = new Uint8Array(length);
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) {
      await bob.decrypt(alice.account, await alice.encrypt(bob.account, plaintext));
    }
  };
}

/** The reader holds the keys of as many messages of the row as the protocol keeps. */
export async function skipMessages({ alice, bob }: Conversation): Promise<void> {
  for (let index = 0; index < skippedKeys; index += 1) await alice.encrypt(bob.account, new Uint8Array(8));
}

function oneWay(length: number, past?: typeof skipMessages): Script<BenchDevice> {
  return async (make) => {
    const devices = await conversation(make);
    await past?.(devices);
    return row(devices, length);
  };
}

const sessionSetup: Script<BenchDevice> = async (make) => {
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

const firstDecrypt: Script<BenchDevice> = async (make) => {
  const [alice, bob] = [await make(1), await make(2)];
  return async (count) => {
    const messages: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      alice.forgetSessions();
      await alice.startSession(bob.account, await bob.issueBundle());
      messages.push(await alice.encrypt(bob.account, new Uint8Array(usualLength)));
    }
    return async () => {
      for (const message of messages) {
        bob.forgetSessions();
        await bob.decrypt(alice.account, message);
      }
    };
  };
};

const preKeys: Script<BenchDevice> = async (make) => {
  const device = await make(1);
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) await device.makePreKeys();
  };
};

const groupEncrypt: Script<GroupMember> = async (make) => {
  const alice = await make(1);
  await alice.distribute();
  const plaintext = new Uint8Array(usualLength);
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) await alice.encryptToGroup(plaintext);
  };
};

const groupDecrypt: Script<GroupMember> = async (make) => {
  const [alice, bob] = [await make(1), await make(2)];
  await bob.join(await alice.distribute());
  return async (count) => {
    const messages: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      messages.push(await alice.encryptToGroup(new Uint8Array(usualLength)));
    }
    return async () => {
      for (const message of messages) await bob.decryptFromGroup(message);
    };
  };
};

const sealedEncrypt: Script<Sealer> = async (make) => {
  const [alice, bob] = [await make(1), await make(2)];
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) await alice.seal(bob.identityKey);
  };
};

const sealedDecrypt: Script<Sealer> = async (make) => {
  const [alice, bob] = [await make(1), await make(2)];
  return async (count) => {
    const messages: unknown[] = [];
    for (let index = 0; index < count; index += 1) messages.push(await alice.seal(bob.identityKey));
    return async () => {
      for (const message of messages) await bob.unseal(message);
    };
  };
};

const sealedToMany: Script<ManySealer> = async (make) => {
  const alice = await make(1);
  const accounts = Array.from({ length: recipientCount }, (_, index) => index + 2);
  for (const account of accounts) await meet(alice, await make(account));
  return async (count) => async () => {
    for (let index = 0; index < count; index += 1) await alice.sealForMany(accounts);
  };
};

/** Scripts by case, for whoever has sessions. */
export const sessionScripts = {
  'ping-pong-256': pingPong(256),
  'ping-pong-4096': pingPong(4096),
  'one-way-256': oneWay(256),
  'one-way-4096': oneWay(4096),
  'one-way-256-2000-skipped': oneWay(256, skipMessages),
  'session-setup': sessionSetup,
  'first-decrypt': firstDecrypt,
  '100-pre-keys': preKeys,
} as const satisfies Record<string, Script<BenchDevice>>;

/** Scripts by case, for groups. */
export const groupScripts = {
  'group-encrypt': groupEncrypt,
  'group-decrypt': groupDecrypt,
} as const satisfies Record<string, Script<GroupMember>>;

/** Scripts by case, for sealed sender. */
export const sealedScripts = {
  'sealed-encrypt': sealedEncrypt,
  'sealed-decrypt': sealedDecrypt,
} as const satisfies Record<string, Script<Sealer>>;

/** Scripts by case, for sealing once for many. */
export const manySealerScripts = {
  'sealed-encrypt-to-100': sealedToMany,
} as const satisfies Record<string, Script<ManySealer>>;

/** What a side can be asked to do. */
export type ScriptName =
  | keyof typeof sessionScripts
  | keyof typeof groupScripts
  | keyof typeof sealedScripts
  | keyof typeof manySealerScripts;

/** A side: how to make its devices. One that cannot do something leaves it out. */
export interface Makers {
  readonly session: Make<BenchDevice>;
  readonly group?: Make<GroupMember>;
  readonly sealed?: Make<Sealer>;
  readonly manySealer?: Make<ManySealer>;
}

/** Prepares a script for a side. */
export function prepareScript(
  name: ScriptName,
  { session, group, sealed, manySealer }: Makers,
): Promise<Side> {
  if (name in sessionScripts) return sessionScripts[name as keyof typeof sessionScripts](session);
  if (group && name in groupScripts) return groupScripts[name as keyof typeof groupScripts](group);
  if (sealed && name in sealedScripts) return sealedScripts[name as keyof typeof sealedScripts](sealed);
  if (manySealer && name in manySealerScripts)
    return manySealerScripts[name as keyof typeof manySealerScripts](manySealer);
  throw new Error(`this side cannot do ${name}`);
}
