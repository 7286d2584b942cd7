/** Every operation over the socket, and the socket itself, under wrong, huge and random input. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { socketOperations, wireLimits, type SocketOperationName } from '@sotto/sdk/wire';
import { Manager } from 'socket.io-client';
import { bytes, type Device } from '../device.js';
import { fits, socketExamples } from '../examples.js';
import type { LiveConnection, Reply } from '../live.js';
import { mutationsOf } from '../mutations.js';
import { Seeded } from '../seeded.js';
import type { CaseContext } from '../case-context.js';
import type { World } from '../world.js';

const operations = Object.keys(socketOperations) as SocketOperationName[];
/** Frames of random text and random bytes. */
const randomFrames = 60;

/** Of nothing: to see that a connection still answers. */
const someAcknowledgement = { ids: ['00000000-0000-4000-8000-000000000000'], storeSeq: 0 };

/** What the low level of a client's connection is, as far as it is used here. */
interface RawEngine {
  write(frame: string | Uint8Array): void;
  on(event: 'close', listener: () => void): void;
  readonly readyState: string;
  readonly transport: { readonly ws: { send(data: string | Uint8Array): void } };
}

const engineOf = (connection: LiveConnection) => connection.socket.io.engine as unknown as RawEngine;

/** The attacker, whom they write to, and a third whose connection must notice nothing. All cases share them. */
interface Cast {
  readonly attacker: Device;
  readonly target: Device;
  readonly bystander: Device;
}

type Unharmed = (attack: (cast: Cast) => Promise<void>) => Promise<void>;

/** Runs attacks; after each, everything is as it was, and the bystander's connection works on. */
function unharmedBy(world: World): Unharmed {
  let cast: Promise<Cast> | undefined;
  const makeCast = async () => ({
    attacker: await world.person(),
    target: await world.person(),
    bystander: await world.newcomer(),
  });
  return async (attack) => {
    cast ??= makeCast();
    const { attacker, target, bystander } = await cast;
    const connection = await world.connect(bystander);
    await connection.mustSend(await world.sendRequest(bystander, target));
    const before = [await world.view(target), await world.view(attacker)];
    await attack(await cast);
    assert.deepEqual([await world.view(target), await world.view(attacker)], before);
    assert.deepEqual(connection.violations, []);
    await connection.mustSend(await world.sendRequest(bystander, target));
    await world.api.must('relay.info', {});
  };
}

interface HostileContext extends CaseContext {
  readonly unharmed: Unharmed;
}

/** The attacker's connection; a new one when the relay has had enough of the last. */
class Persistent {
  #connection: LiveConnection | undefined;

  constructor(
    readonly world: World,
    readonly device: Device,
  ) {}

  async get(): Promise<LiveConnection> {
    if (!this.#connection?.connected) this.#connection = await this.world.connect(this.device);
    return this.#connection;
  }

  /** The reply, or `ended` when the relay ended the connection instead. */
  async ask(operation: SocketOperationName, ...payload: unknown[]): Promise<Reply<unknown> | 'ended'> {
    const connection = await this.get();
    try {
      return await connection.ask(operation, ...payload);
    } catch (error) {
      if (connection.connected) throw error;
      return 'ended';
    }
  }
}

export function hostileSocketCases(given: CaseContext): void {
  const context = { ...given, unharmed: unharmedBy(given.world) };
  for (const operation of operations) payloadCases(context, operation);
  frameCases(context);
  rawCases(context);
  unauthenticatedCases(context);
  compressionCases(context);
}

function payloadCases({ world, it, unharmed }: HostileContext, operation: SocketOperationName): void {
  it(`${operation}: wrong types, missing and unknown fields are invalid-request`, () =>
    unharmed(async ({ attacker, target }) => {
      const body = await socketExamples[operation](world, attacker, target);
      const connection = new Persistent(world, attacker);
      let answered = 0;
      for (const { label, value, jsonOnly } of mutationsOf(body)) {
        // Socket.IO's client loses such members itself; the relay meets them in the strange frames below.
        if (fits(operation, value) || jsonOnly) continue;
        const reply = await connection.ask(operation, value);
        if (reply === 'ended') continue;
        answered += 1;
        assert.ok(!reply.ok && reply.problem.code === 'invalid-request', label);
      }
      assert.ok(answered >= 20, `only ${answered} answers`);
    }));

  it(`${operation}: a frame with no argument, or two, is invalid-request`, () =>
    unharmed(async ({ attacker, target }) => {
      const body = await socketExamples[operation](world, attacker, target);
      const connection = new Persistent(world, attacker);
      for (const payload of [[], [body, body], [body, null], [undefined]]) {
        const reply = await connection.ask(operation, ...payload);
        assert.ok(reply !== 'ended' && !reply.ok && reply.problem.code === 'invalid-request');
      }
    }));

  it(`${operation}: a frame that nobody waits for is not acted on`, () =>
    unharmed(async ({ attacker, target }) => {
      const body = await socketExamples[operation](world, attacker, target);
      const connection = await world.connect(attacker);
      connection.socket.emit(operation, body);
      // The reply to the next request comes after.
      await connection.acknowledge(['00000000-0000-4000-8000-000000000000' as never]);
    }));
}

function frameCases({ world, it, unharmed }: HostileContext): void {
  it('ignores events it does not know, and ends who does not stop', () =>
    unharmed(async ({ attacker }) => {
      const connection = await world.connect(attacker);
      connection.socket.emit('envelopes', { envelopes: [] });
      connection.socket.emit('hasOwnProperty', 1);
      await connection.acknowledge(['00000000-0000-4000-8000-000000000000' as never]);
      for (let count = 0; count < 1_000; count += 1) connection.socket.emit('nonsense', count);
      await connection.heard('disconnect');
    }));

  it('ends a connection whose frame is larger than the limit', () =>
    unharmed(async ({ attacker, target }) => {
      const request = await world.sendRequest(attacker, target);
      const huge = {
        ...request,
        bodies: [target.body({ ciphertext: bytes(wireLimits.maxSocketFrameBytes + 1) })],
      };
      assert.equal(await new Persistent(world, attacker).ask('send', huge), 'ended');
      const text = await world.connect(attacker);
      engineOf(text).write(`2["send","${'x'.repeat(wireLimits.maxSocketFrameBytes)}"]`);
      await text.heard('disconnect');
    }));

  it('ends a connection whose attachments together are larger than the limit', () =>
    unharmed(async ({ attacker, target }) => {
      const request = await world.sendRequest(attacker, target);
      const ciphertext = bytes(1024 * 1024);
      const bodies = Array.from({ length: 8 }, () => target.body({ ciphertext }));
      assert.equal(await new Persistent(world, attacker).ask('send', { ...request, bodies }), 'ended');
    }));
}

/** Frames at the level of Socket.IO's own protocol that are wrong or strange. */
const strangeFrames: readonly (string | Uint8Array)[] = [
  '',
  '2',
  '21',
  '2[]',
  '21[]',
  '2[null]',
  '2[{}]',
  '21[["send"]]',
  '2["send"]',
  '2["error",{}]',
  '2["disconnect"]',
  '2["disconnecting"]',
  '2["newListener",1]',
  '2["__proto__",{}]',
  '2["constructor",{}]',
  '21["acknowledge",{"__proto__":{"ids":[]},"ids":["00000000-0000-4000-8000-000000000000"]}]',
  '29999999999999999999999["acknowledge",{}]',
  '2["send",',
  '3',
  '30[]',
  '399["x"]',
  '4{"message":"x"}',
  '0',
  '0{"protocol":1}',
  '0/admin,',
  '2/admin,["send",{}]',
  '5',
  '5-["send"]',
  '50-["send"]',
  '51-["send",{"_placeholder":true,"num":0}]',
  '52-["send",{"_placeholder":true,"num":-1}]',
  '5999999-["send",{"_placeholder":true,"num":0}]',
  '61-["x",{"_placeholder":true,"num":"__proto__"}]',
  '9[]',
  'x',
  `2["send",${'['.repeat(50_000)}`,
  `2["send",${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}]`,
  new Uint8Array(),
  new Uint8Array([1, 2, 3]),
];

function rawCases({ world, seed, it, unharmed }: HostileContext): void {
  it(`strange and random frames end at worst their own connection (seed ${seed})`, () =>
    unharmed(async ({ attacker }) => {
      const random = new Seeded(seed);
      const connection = new Persistent(world, attacker);
      const randomText = () =>
        String.fromCharCode(...random.bytes(1 + random.below(80)).map((byte) => byte % 128));
      const frames = [
        ...strangeFrames,
        ...Array.from({ length: randomFrames }, () =>
          random.next() < 0.3 ? random.bytes(40) : `${random.below(7)}${randomText()}`,
        ),
      ];
      for (const frame of frames) {
        const live = await connection.get();
        engineOf(live).write(frame);
        const reply = await connection.ask('acknowledge', someAcknowledgement);
        assert.ok(reply === 'ended' || reply.ok);
      }
    }));

  it('packets that are no Engine.IO end at worst their own connection', () =>
    unharmed(async ({ attacker }) => {
      const connection = new Persistent(world, attacker);
      for (const packet of ['', '9', 'b', '1', '5', '6', '0{}', '2probe', '3', new Uint8Array([9])]) {
        const live = await connection.get();
        engineOf(live).transport.ws.send(packet);
        const reply = await connection.ask('acknowledge', someAcknowledgement);
        assert.ok(reply === 'ended' || reply.ok);
      }
    }));
}

/** A websocket on which nothing was said yet. */
async function openEngine(world: World): Promise<RawEngine> {
  const options = { path: '/v1/socket', transports: ['websocket'], reconnection: false, autoConnect: false };
  const manager = new Manager(world.url, options);
  await new Promise<void>((resolve, reject) => manager.open((error) => (error ? reject(error) : resolve())));
  return manager.engine as unknown as RawEngine;
}

function unauthenticatedCases({ world, it, unharmed }: HostileContext): void {
  it('asks for a token before anything else', () =>
    unharmed(async ({ attacker, target }) => {
      const request = await world.sendRequest(attacker, target);
      const frames = [
        '2["acknowledge",{}]',
        '0{"protocol":1,"accessToken":"x"}',
        '0{"protocol":1,"accessToken":{}}',
        '0[]',
        '0/other,{}',
        `20["send",${JSON.stringify({ ...request, attemptId: 'x' })}]`,
        new Uint8Array([1, 2, 3]),
      ];
      for (const frame of frames) {
        const engine = await openEngine(world);
        const closed = once(engine as never, 'close');
        engine.write(frame);
        engine.write('2["acknowledge",{}]');
        await closed;
      }
    }));
}

/** A message of so many zeros as a client sends it that compresses and masks: final, compressed, text. */
function compressedFrame(length: number): Buffer {
  const payload = deflateRawSync(Buffer.alloc(length));
  const head = Buffer.alloc(14);
  head.writeUInt8(0xc1, 0);
  head.writeUInt8(0xff, 1);
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head, payload]);
}

function compressionCases({ world, it, unharmed }: HostileContext): void {
  it('agrees to no compression, and inflates nothing', () =>
    unharmed(async () => {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.from(bytes(16)).toString('base64'),
        'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      };
      const request = httpRequest(`${world.url}/v1/socket/?EIO=4&transport=websocket`, { headers }).end();
      const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
      assert.equal(response.headers['sec-websocket-extensions'], undefined);
      const closed = once(socket, 'close');
      socket.on('error', () => {});
      socket.resume().write(compressedFrame(64 * 1024 * 1024));
      await closed;
    }));
}
