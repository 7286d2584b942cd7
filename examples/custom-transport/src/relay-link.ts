/** The way from the gateway to a relay: HTTP and Socket.IO, as docs/relay-protocol.md has them. Passes everything on as it is. */
import type { RelayLink, RelayLinkAnswer, StreamEvents, StreamSession } from '@sotto/sdk/transport/memory';
import { httpOperations } from '@sotto/sdk/wire';
import { io } from 'socket.io-client';

/** @param origin - the relay's, without a trailing slash */
export function relayLink(origin: string): RelayLink {
  return {
    request: async (operation, body, { accessToken }) => {
      if (!Object.hasOwn(httpOperations, operation)) throw new Error('no such operation');
      const { method, path } = httpOperations[operation];
      const headers: Record<string, string> = {};
      if (accessToken !== undefined) headers['authorization'] = `Bearer ${accessToken}`;
      if (method === 'POST') headers['content-type'] = 'application/json';
      const sent = method === 'POST' ? { body: JSON.stringify(body) } : {};
      const response = await fetch(`${origin}${path}`, { method, headers, redirect: 'error', ...sent });
      const text = await response.text();
      const answer: unknown = text === '' ? undefined : JSON.parse(text);
      return (
        response.ok ? { ok: true, response: answer } : { ok: false, problem: answer }
      ) as RelayLinkAnswer;
    },
    connect: (handshake, events) => connect(origin, handshake as object, events),
  };
}

function connect(origin: string, handshake: object, events: StreamEvents): StreamSession {
  const socket = io(origin, {
    path: '/v1/socket',
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: { ...handshake },
  });
  let isOver = false;
  const end = (say: () => void) => {
    if (isOver) return;
    isOver = true;
    socket.disconnect();
    say();
  };
  socket.onAny((name: string, payload: unknown) => {
    if (!isOver) events.event(name, payload);
  });
  socket.on('connect_error', (error: Error & { readonly data?: unknown }) => {
    end(() => (error.data === undefined ? events.ended() : events.refused(error.data)));
  });
  socket.on('disconnect', () => end(() => events.ended()));
  return {
    request: (operation, payload) => {
      if (!socket.connected) return Promise.reject(new Error('the socket is not connected'));
      return new Promise((resolve) => socket.emit(operation, payload, resolve));
    },
    close: () => end(() => undefined),
  };
}
