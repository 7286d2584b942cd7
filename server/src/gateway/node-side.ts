/**
 * This node among the others: what concerns a device reaches its connection here, or the node where it is
 * connected. Knows no channel between nodes and no socket.
 */
import type { DeviceAddress } from '@sotto/sdk/wire';
import type { Delivery } from '../mailbox/mailbox.js';
import { startCatchUp, type CatchUp } from '../nodes/catch-up.js';
import type { NodeExchange, NodeHandlers, NodeMessage } from '../nodes/node-exchange.js';
import type { Connection } from './connection.js';
import type { ConnectionRegistry } from './connection-registry.js';
import type { GatewayServices } from './services.js';

/** See the file's header. */
export class NodeSide {
  readonly #registry: ConnectionRegistry;
  readonly #services: GatewayServices;
  readonly #nodes: NodeExchange;
  #catchUp: CatchUp | undefined;

  constructor(registry: ConnectionRegistry, services: GatewayServices) {
    this.#registry = registry;
    this.#services = services;
    this.#nodes = services.nodes;
  }

  /** Joins the other nodes. Called once. */
  async start(): Promise<void> {
    const { mailbox, log } = this.#services;
    const followers = () => this.#registry.all();
    const state = () => this.#nodes.state;
    this.#catchUp = startCatchUp({ mailbox, followers, state, log });
    await this.#nodes.start(this.#handlers());
  }

  async stop(): Promise<void> {
    await this.#catchUp?.stop();
  }

  /** Takes a connection in. When this resolves, the device's envelopes ring here. */
  async arrived(connection: Connection): Promise<void> {
    this.#registry.add(connection);
    await this.#nodes.arrived(connection);
  }

  left(connection: Connection): void {
    this.#registry.remove(connection);
    this.#nodes.left(connection);
  }

  /** Envelopes were stored. */
  delivered(deliveries: readonly Delivery[]): void {
    const elsewhere: NodeMessage[] = [];
    for (const delivery of deliveries) {
      const here = this.#registry.find(delivery.to);
      const { to: device, seq, envelope } = delivery;
      if (here) here.offer(delivery);
      else elsewhere.push({ kind: 'delivered', device, seq, envelope });
    }
    if (elsewhere.length > 0) this.#nodes.tell(elsewhere);
  }

  /** A login has ended. Elsewhere there may be a connection too that was not told to go yet. */
  signOut(device: DeviceAddress): void {
    this.#registry.find(device)?.goodbye('signed-out');
    this.#nodes.tell([{ kind: 'signed-out', device }]);
  }

  keysLow(device: DeviceAddress): void {
    const here = this.#registry.find(device);
    if (here) here.keysLow();
    else this.#nodes.tell([{ kind: 'keys-low', device }]);
  }

  #handlers(): NodeHandlers {
    return {
      received: (message) => this.#received(message),
      replaced: ({ device, id }) => {
        const here = this.#registry.find(device);
        if (here?.id === id) here.goodbye('replaced');
      },
      missed: () => void this.#catchUp?.now(),
      connections: () => this.#registry.all(),
      find: (device) => this.#registry.find(device),
    };
  }

  #received(message: NodeMessage): boolean {
    const here = this.#registry.find(message.device);
    if (here === undefined) return false;
    if (message.kind === 'signed-out') here.goodbye('signed-out');
    else if (message.kind === 'keys-low') here.keysLow();
    else if (message.envelope) here.offer({ seq: message.seq, envelope: message.envelope });
    else here.headAt(message.seq);
    return true;
  }
}
