/** The peer: a Socket.IO server that passes bytes on, in memory, without accounts, checks or a mailbox. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { serveCalls } from './process-calls.js';
import { startProfile, stopProfile } from './profile.js';
import { collect, usage } from './usage.js';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  void socket.join(String(socket.handshake.auth.name));
  socket.on('send', (to: string, body: Uint8Array, reply: (accepted: true) => void) => {
    io.to(to).emit('message', body);
    reply(true);
  });
});

serveCalls({
  start: () =>
    new Promise((resolve) => {
      http.listen(0, '127.0.0.1', () => {
        resolve({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
      });
    }),
  usage,
  collect,
  startProfile,
  stopProfile,
  stop: () => io.close(),
});
