/** The peer of the relay benches: a Socket.IO server that passes bytes on, in memory, without accounts, checks or a mailbox. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

/** See the header. */
export interface BareRelay {
  /** Such as `http://127.0.0.1:34567`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one on a free port of the loopback interface. */
export async function startBareRelay(): Promise<BareRelay> {
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  io.on('connection', (socket) => {
    void socket.join(String(socket.handshake.auth.name));
    socket.on('send', (to: string, body: Uint8Array, reply: (accepted: true) => void) => {
      io.to(to).emit('message', body);
      reply(true);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close: () => io.close() };
}
