import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { gatewayLimits } from '../../src/gateway/limits.js';
import { createHttpServer } from '../../src/http/http-server.js';
import { relayLimits } from '../../src/relay-limits.js';
import { waitFor } from '../support/wait-for.js';

const host = '127.0.0.1';

it('hangs up on connections beyond its bound, and takes others when there is room', async () => {
  const listener = (_request: unknown, response: { end(text: string): void }) => response.end('here');
  const shed: string[] = [];
  const meter = { shed: (reason: string) => void shed.push(reason) };
  const http = createHttpServer(listener, meter, { ...relayLimits, maxSockets: 2 });
  const { port } = await http.listen(0, host);
  const silent = async () => {
    const socket = connect(port, host);
    await once(socket, 'connect');
    return socket;
  };
  const ask = async () => {
    const socket = await silent();
    const said: Buffer[] = [];
    socket.on('data', (data: Buffer) => said.push(data)).on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await once(socket, 'close');
    return Buffer.concat(said).toString();
  };
  const [first, second] = [await silent(), await silent()] as [Socket, Socket];
  expect(await ask()).toBe('');
  expect(shed).toEqual(['sockets']);
  first.destroy();
  await waitFor('an answer', async () => (await ask()).endsWith('here'));
  second.destroy();
  await http.close();
});

it('has room for all that the gateway takes, and for those it tells why they cannot stay', () => {
  const { maxConnections, maxRefusalsUnderWay } = gatewayLimits;
  expect(relayLimits.maxSockets).toBeGreaterThan(maxConnections + maxRefusalsUnderWay);
});
