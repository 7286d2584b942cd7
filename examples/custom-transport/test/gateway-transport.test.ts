/** The published suite against the transport and its gateway, and messengers through both to a real relay. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRelay, openPGliteDatabase, type Database, type Relay } from '@sotto/relay';
import { createMessenger, type Messenger } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { memoryStorage } from '@sotto/sdk/storage/memory';
import { runTransportConformance } from '@sotto/sdk/testing';
import WebSocket from 'ws';
import { startGateway, type Gateway } from '../src/gateway.js';
import { gatewayTransport } from '../src/gateway-transport.js';
import { relayLink } from '../src/relay-link.js';

runTransportConformance(
  { describe, it },
  {
    name: 'a gateway',
    create: async (relay, host) => {
      const gateway = await startGateway(relay);
      const transport = gatewayTransport({
        url: gateway.url,
        relayOrigin: 'https://relay.invalid',
        ...host,
      });
      return { transport, dispose: () => gateway.close() };
    },
  },
);

describe('messengers through a gateway', () => {
  let database: Database;
  let relay: Relay;
  let gateway: Gateway;
  const messengers: Messenger[] = [];

  beforeAll(async () => {
    database = await openPGliteDatabase();
    relay = await createRelay({ port: 0, limitFactor: 10_000, logLevel: 'silent' }, { database });
    gateway = await startGateway(relayLink(relay.url));
  });
  afterAll(async () => {
    for (const messenger of messengers) await messenger.close();
    await gateway.close();
    await relay.close();
    await database.close();
  });

  async function register(username: string) {
    const messenger = await createMessenger({
      engine: portableEngine(),
      storage: memoryStorage(),
      transport: gatewayTransport({ url: gateway.url, relayOrigin: relay.url }),
    });
    messengers.push(messenger);
    const profile = await messenger.account.register({ username, password: 'a password of some length' });
    const heard: string[] = [];
    let wake: () => void = () => undefined;
    messenger.on('message', ({ message }) => {
      if (message.body.kind === 'text') heard.push(message.body.text);
      wake();
    });
    await messenger.connect();
    const until = async (count: number) => {
      while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return heard;
    };
    return { messenger, ...profile, until };
  }

  it('exchange messages over a real relay, and go on after the gateway was gone', async () => {
    const alice = await register('alice');
    const bob = await register('bob');
    const contact = await alice.messenger.contacts.add(bob.contactCode);
    await alice.messenger.messages.send(contact.accountId, { text: 'through the gateway' });
    expect(await bob.until(1)).toEqual(['through the gateway']);
    await bob.messenger.contacts.accept(alice.accountId);
    await bob.messenger.messages.send(alice.accountId, { text: 'and back' });
    expect(await alice.until(1)).toEqual(['and back']);

    const { port } = new URL(gateway.url);
    await gateway.close();
    await alice.messenger.messages.send(contact.accountId, { text: 'once it is back' });
    gateway = await startGateway(relayLink(relay.url), Number(port));
    expect(await bob.until(2)).toEqual(['through the gateway', 'once it is back']);
  }, 60_000);

  it('are the only ones it serves: what is no frame ends the connection', async () => {
    for (const text of ['no JSON', '{"type":"other"}', 'null']) {
      const socket = new WebSocket(gateway.url);
      socket.on('open', () => socket.send(text));
      const code = await new Promise((resolve) => socket.once('close', resolve));
      expect(code).toBe(1002);
    }
  });
});
