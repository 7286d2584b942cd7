/** Nodes of one process that tell one another everything: what Redis does for nodes that are processes. */
import type { NodeExchange, NodeHandlers } from '../../src/nodes/node-exchange.js';

/** Makes exchanges that are joined. */
export class SharedHub {
  readonly #members = new Set<NodeHandlers>();

  /** The exchange of one more node. */
  join(): NodeExchange {
    let own: NodeHandlers | undefined;
    const others = () => [...this.#members].filter((member) => member !== own);
    return {
      state: 'linked',
      start: async (handlers) => {
        own = handlers;
        this.#members.add(handlers);
      },
      arrived: async ({ device, id }) => {
        for (const other of others()) {
          const older = other.find(device);
          if (older !== undefined && older.id !== id) other.replaced(older);
        }
      },
      left: () => {},
      tell: (messages) => {
        for (const other of others()) for (const message of messages) other.received(message);
      },
      close: async () => void (own && this.#members.delete(own)),
    };
  }
}
