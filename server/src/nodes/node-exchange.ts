/**
 * What the nodes of one relay tell one another. Everything here is a hint: whoever misses one finds what it
 * was about in the mailbox or the database. Knows no network and no store behind it.
 */
import type { DeviceAddress, Envelope } from '@sotto/sdk/wire';

/** A live connection of a device. */
export interface NodeConnection {
  readonly device: DeviceAddress;
  /** A random UUID, its own among all connections of all nodes. */
  readonly id: string;
  /** When it was made, by its node's clock: the newest connection of a device is the one that counts. */
  readonly since: number;
}

/** A hint for the node where a device is connected. */
export type NodeMessage =
  | {
      /** An envelope is in the device's mailbox. Without `envelope` it has to be read there. */
      readonly kind: 'delivered';
      readonly device: DeviceAddress;
      readonly seq: number;
      readonly envelope?: Envelope;
    }
  | {
      /** The device's login has ended. */
      readonly kind: 'signed-out';
      readonly device: DeviceAddress;
    }
  | {
      /** The device's one-time keys run low. */
      readonly kind: 'keys-low';
      readonly device: DeviceAddress;
    };

/** What a node does with what it is told. None of these throw. */
export interface NodeHandlers {
  /** @returns whether the device is connected here */
  received(message: NodeMessage): boolean;
  /** A newer connection of the device is somewhere: `older` has to go, when it is here. */
  replaced(older: Pick<NodeConnection, 'device' | 'id'>): void;
  /** Hints may have been lost. */
  missed(): void;
  /** Everyone who is connected here. */
  connections(): Iterable<NodeConnection>;
  /** The device's connection here. */
  find(device: DeviceAddress): NodeConnection | undefined;
}

/**
 * `alone`: there are no other nodes. `linked`: they are told. `degraded`: they cannot be told now; each node
 * looks after its own connections by reading the mailboxes, and that ends by itself.
 */
export type NodeState = 'alone' | 'linked' | 'degraded';

/** See the file's header. */
export interface NodeExchange {
  readonly state: NodeState;
  /** Begins to listen. Called once. Resolves also when nobody can be reached yet. */
  start(handlers: NodeHandlers): Promise<void>;
  /**
   * A device has connected here: older connections elsewhere go. When this resolves, hints for the device
   * come to this node. Never rejects, and never waits long.
   */
  arrived(connection: NodeConnection): Promise<void>;
  /** A connection has ended. */
  left(connection: NodeConnection): void;
  /** Passes hints on to wherever the devices are connected. Returns at once; what cannot be passed on is dropped. */
  tell(messages: readonly NodeMessage[]): void;
  close(): Promise<void>;
}

/** The exchange of a node that has no others beside it. */
export function noOtherNodes(): NodeExchange {
  return {
    state: 'alone',
    start: async () => {},
    arrived: async () => {},
    left: () => {},
    tell: () => {},
    close: async () => {},
  };
}
