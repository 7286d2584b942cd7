/** What the socket-io transport does on the wire beyond what the suite can see. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Happenings } from '../../src/testing/happenings.js';
import { manualClock } from '../../src/testing/index.js';
import { ScriptedRelay } from '../../src/testing/scripted-relay.js';
import { socketIoTransport } from '../../src/transport/socket-io/index.js';
import { plainBytes } from '../../src/transport/socket-io/plain-bytes.js';
import { StreamLog } from '../testing/test-client.js';
import { startRelayServer } from './relay-server.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('the stream of the socket-io transport', () => {
  it('is one websocket, with its token in no address and no header', async () => {
    const relay = new ScriptedRelay(new Happenings(10_000));
    const server = await startRelayServer(relay);
    const transport = socketIoTransport({ url: server.url });
    cleanups.push(
      () => server.close(),
      () => transport.close(),
    );
    const stream = await StreamLog.open(transport, async () => 'secret-token');
    await stream.until(({ kinds }) => kinds.at(-1) === 'online');
    expect(server.seen.map(({ method }) => method)).toEqual(['UPGRADE']);
    expect(server.seen[0]!.url).toMatch(/^\/v1\/socket\/\?/);
    expect(JSON.stringify(server.seen)).not.toContain('secret-token');
    expect(relay.latest.handshake.accessToken).toBe('secret-token');
  });

  it('tries again later where there is no relay', async () => {
    const nothing = createServer((_request, response) => response.writeHead(503).end());
    await new Promise<void>((resolve) => nothing.listen(0, '127.0.0.1', resolve));
    const { port } = nothing.address() as AddressInfo;
    const clock = manualClock();
    const transport = socketIoTransport({ url: `http://127.0.0.1:${port}`, clock });
    cleanups.push(() => transport.close());
    const stream = await StreamLog.open(transport, async () => 'token');
    await stream.until(({ kinds }) => kinds.at(-1) === 'offline');
    await new Promise((resolve) => nothing.close(resolve));
    await clock.advanceToNext();
    await stream.until(({ kinds }) => kinds.length === 4);
    expect(stream.kinds).toEqual(['connecting', 'offline', 'connecting', 'offline']);
    expect(stream.tokenRequests).toEqual([false, false]);
  });

  it('ends a connection that sends more in one message than a frame may have, and comes back', async () => {
    const relay = new ScriptedRelay(new Happenings(10_000));
    const server = await startRelayServer(relay);
    const transport = socketIoTransport({ url: server.url, clock: manualClock() });
    cleanups.push(
      () => server.close(),
      () => transport.close(),
    );
    const stream = await StreamLog.open(transport, async () => 'token');
    await stream.until(({ kinds }) => kinds.at(-1) === 'online');
    relay.latest.push('envelopes', { envelopes: [new Uint8Array(1024 * 1024)] });
    await stream.until(({ kinds }) => kinds.at(-1) === 'offline');
  });
});

describe('byte strings from a socket', () => {
  it('become plain arrays, wherever they are', () => {
    const buffer = Buffer.from([1, 2, 3]);
    const plain = plainBytes({ list: [buffer, { inner: Uint8Array.of(4).buffer }], text: 'a' }) as {
      list: [Uint8Array, { inner: Uint8Array }];
    };
    expect(plain).toEqual({ list: [Uint8Array.of(1, 2, 3), { inner: Uint8Array.of(4) }], text: 'a' });
    expect(plain.list[0].constructor).toBe(Uint8Array);
  });

  it('are not looked for forever', () => {
    let nested: unknown = Buffer.from([1]);
    for (let depth = 0; depth < 10_000; depth += 1) nested = [nested];
    expect(JSON.stringify(plainBytes(nested))).toBe(`${'['.repeat(8)}null${']'.repeat(8)}`);
  });
});
