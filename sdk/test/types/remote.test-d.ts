/** What the compiler promises of `@sotto/sdk/remote`: the table has the whole messenger, and ports are ports. */
import type { MessagePort as NodeMessagePort, Worker as NodeWorker } from 'node:worker_threads';
import { expectTypeOf } from 'vitest';
import type { Messenger } from '@sotto/sdk';
import type {
  RemoteMessenger,
  RemotePort,
  ShareChannel,
  SharedMessenger,
  ShareLocks,
} from '@sotto/sdk/remote';
import type { BackupMethod } from '../../src/remote/archive-frames.js';
import type { RemoteMethod } from '../../src/remote/surface.js';

type Members<Part extends keyof Messenger> = `${Part}.${keyof Messenger[Part] & string}`;

type Everything = {
  [Part in keyof Messenger]: Part extends 'connection' | 'on' | 'connect' | 'disconnect' | 'close'
    ? Part
    : Members<Part>;
}[keyof Messenger];

/** What is not a call with one answer is carried in another way, and is named here. */
export function surface(): void {
  expectTypeOf<Everything>().toEqualTypeOf<
    RemoteMethod | `backup.${BackupMethod}` | 'connection' | 'on' | 'records.list'
  >();
}

/** What the platforms have fits as it is. */
export function ports(
  port: MessagePort,
  worker: Worker,
  channel: BroadcastChannel,
  nodePort: NodeMessagePort,
  nodeWorker: NodeWorker,
  locks: LockManager,
): void {
  expectTypeOf(port).toExtend<RemotePort>();
  expectTypeOf(worker).toExtend<RemotePort>();
  expectTypeOf(channel).toExtend<ShareChannel>();
  expectTypeOf(nodePort).toExtend<RemotePort>();
  expectTypeOf(nodeWorker).toExtend<RemotePort>();
  expectTypeOf(locks).toExtend<ShareLocks>();
}

/** They are messengers. */
export function messengers(remote: RemoteMessenger, shared: SharedMessenger): void {
  expectTypeOf(remote).toExtend<Messenger>();
  expectTypeOf(shared).toExtend<Messenger>();
}
