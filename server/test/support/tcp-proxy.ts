/**
 * A TCP proxy of a test's own: it spreads connections over several targets, and can cut or freeze what goes
 * through it, as a network does. Knows no protocol.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** See the file's header. */
export interface TcpProxy {
  readonly port: number;
  /** Bytes go nowhere, connections stay open and new ones are accepted: a partition. */
  freeze(): void;
  /** Bytes flow again, those that waited included. */
  thaw(): void;
  /** Ends every connection at once. */
  cut(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Starts a proxy. @param targets - ports on loopback; connections take turns */
export async function startTcpProxy(targets: readonly number[]): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let turn = 0;
  let frozen = false;

  const join = ({ near, far }: Pair) => {
    near.pipe(far);
    far.pipe(near);
  };
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const far = connect(targets[turn++ % targets.length] as number, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', end).on('close', end);
    }
    if (!frozen) join(pair);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
  };

  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      frozen = true;
      for (const { near, far } of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    thaw() {
      frozen = false;
      for (const pair of pairs) join(pair);
    },
    cut,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
