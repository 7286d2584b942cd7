/** Every operation over HTTP under wrong, forged, huge, truncated and random input. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { httpOperations, type HttpOperation, type HttpOperationName } from '@sotto/sdk/wire';
import { bearer, jsonHeaders, problemOf } from '../api.js';
import type { Device } from '../device.js';
import { fits, httpExamples } from '../examples.js';
import { alter, mutationsOf } from '../mutations.js';
import { Seeded } from '../seeded.js';
import type { CaseContext } from '../case-context.js';
import type { World } from '../world.js';

/** Refusals that say nothing of the request. */
const defects = ['internal-error', 'unavailable', 'rate-limited'];

/** Bodies of random bytes per operation. */
const randomBodies = 24;
/** Requests of the right shape with one value altered, per operation. */
const alteredBodies = 16;

interface Target {
  readonly name: HttpOperationName;
  readonly operation: HttpOperation;
}

const targets = (Object.entries(httpOperations) as [HttpOperationName, HttpOperation][]).map(
  ([name, operation]): Target => ({ name, operation }),
);
const withBody = targets.filter(({ operation }) => operation.method !== 'GET');
const withToken = targets.filter(({ operation }) => operation.authentication !== 'none');

/** The account that is attacked, with a message in its mailbox. All cases share one: making one takes hashes. */
class Victim {
  #person: Promise<Device> | undefined;

  constructor(readonly world: World) {}

  get(): Promise<Device> {
    this.#person ??= this.#make();
    return this.#person;
  }

  async #make(): Promise<Device> {
    const [person, friend] = [await this.world.person(), await this.world.newcomer()];
    const connection = await this.world.connect(friend);
    await connection.mustSend(await this.world.sendRequest(friend, person));
    return person;
  }
}

type Attack = (victim: Device) => Promise<void>;
type Unharmed = (attack: Attack) => Promise<void>;

/** Compares everything the API shows of an account before and after an attack; then its owner logs in as ever. */
function unharmedBy(world: World, victim: Victim): Unharmed {
  return async (attack) => {
    const person = await victim.get();
    const before = await world.view(person);
    await attack(person);
    assert.deepEqual(await world.view(person), before);
    await world.api.must('auth.refresh', person.refreshRequest());
    const { username, loginKey, deviceId } = person;
    const login = await world.prove(person, 'auth.login', { username, loginKey, deviceId });
    person.tokens = await world.api.must('auth.login', login);
    await world.api.must('relay.info', {});
  };
}

interface HostileContext extends CaseContext {
  readonly unharmed: Unharmed;
}

const tokenFor = ({ operation }: Target, victim: Device) =>
  operation.authentication === 'none' ? undefined : victim.accessToken;

async function refusedBytes(
  world: World,
  { name, operation }: Target,
  victim: Device,
  body: string | Uint8Array,
) {
  const headers = { ...jsonHeaders, ...bearer(tokenFor({ name, operation }, victim)) };
  const exchange = await world.api.raw(
    { method: operation.method, path: operation.path, headers, body },
    name,
  );
  assert.equal(problemOf(exchange).code, 'invalid-request');
}

export function hostileHttpCases(given: CaseContext): void {
  const context = { ...given, unharmed: unharmedBy(given.world, new Victim(given.world)) };
  for (const target of withBody) bodyCases(context, target);
  for (const target of withToken) tokenCases(context, target);
  connectionCases(context);
}

function bodyCases(context: HostileContext, target: Target): void {
  shapeCases(context, target);
  byteCases(context, target);
  alteredCases(context, target);
  sizeCases(context, target);
}

function shapeCases({ world, it, unharmed }: HostileContext, target: Target): void {
  it(`${target.name}: wrong types, missing and unknown fields are invalid-request`, () =>
    unharmed(async (victim) => {
      const { body } = await httpExamples[target.name](world, victim);
      let tried = 0;
      for (const { label, value } of mutationsOf(body)) {
        if (fits(target.name, value)) continue;
        tried += 1;
        const exchange = await world.api.sendEncoded(target.name, value, tokenFor(target, victim));
        const tooLarge = JSON.stringify(value).length > target.operation.maxRequestBytes;
        assert.equal(problemOf(exchange).code, tooLarge ? 'payload-too-large' : 'invalid-request', label);
      }
      assert.ok(tried >= 15, `only ${tried} mutations`);
    }));
}

function byteCases({ world, seed, it, unharmed }: HostileContext, target: Target): void {
  it(`${target.name}: truncated, random and foreign bytes are invalid-request (seed ${seed})`, () =>
    unharmed(async (victim) => {
      const random = new Seeded(seed);
      const { body } = await httpExamples[target.name](world, victim);
      const text = JSON.stringify(body);
      const cuts = [0, 1, text.length >> 1, text.length - 1];
      const bodies = [
        ...cuts.map((length) => text.slice(0, length)),
        ...Array.from({ length: randomBodies }, () => random.bytes(1 + random.below(300))),
        Buffer.from(text, 'utf16le'),
        Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf, 0xff]), Buffer.from(text)]),
        `${text}${text}`,
        `[${'['.repeat(20_000)}`,
        '"text"',
        'null',
        '[]',
      ];
      for (const bytes of bodies) await refusedBytes(world, target, victim, bytes);
    }));

  it(`${target.name}: other content types and encodings are invalid-request`, () =>
    unharmed(async (victim) => {
      const { body } = await httpExamples[target.name](world, victim);
      const { method, path } = target.operation;
      const authorization = bearer(tokenFor(target, victim));
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/jsonp',
        'x',
      ];
      for (const type of types) {
        const headers = { ...authorization, 'content-type': type };
        const exchange = await world.api.raw({ method, path, headers, body: JSON.stringify(body) });
        assert.equal(problemOf(exchange).code, 'invalid-request', type);
      }
      const gzip = { ...authorization, ...jsonHeaders, 'content-encoding': 'gzip' };
      const packed = gzipSync(JSON.stringify(body));
      const exchange = await world.api.raw({ method, path, headers: gzip, body: packed });
      assert.equal(problemOf(exchange).code, 'invalid-request');
    }));
}

function alteredCases({ world, seed, it, unharmed }: HostileContext, target: Target): void {
  it(`${target.name}: altered and forged content gets a typed problem (seed ${seed})`, () =>
    unharmed(async (victim) => {
      const random = new Seeded(seed);
      for (let count = 0; count < alteredBodies; count += 1) {
        const { body, alteredIsRefused } = await httpExamples[target.name](world, victim);
        if (!alteredIsRefused) return;
        const { label, value } = alter(body, random);
        const exchange = await world.api.sendEncoded(target.name, value, tokenFor(target, victim));
        assert.ok(!defects.includes(problemOf(exchange).code), `${label}: ${problemOf(exchange).code}`);
      }
    }));
}

function sizeCases({ world, it, unharmed }: HostileContext, target: Target): void {
  it(`${target.name}: a body beyond its limit is payload-too-large`, () =>
    unharmed(async (victim) => {
      const { body } = await httpExamples[target.name](world, victim);
      const text = JSON.stringify(body).padEnd(target.operation.maxRequestBytes + 1, ' ');
      for (const chunked of [false, true]) {
        const status = await sendLarge(world, target, tokenFor(target, victim), text, chunked);
        assert.equal(status, 413);
      }
    }));
}

/** The relay may answer and hang up before it has read all of it, which `fetch` takes for a failure. */
function sendLarge(
  world: World,
  { operation }: Target,
  token: string | undefined,
  body: string,
  chunked: boolean,
) {
  const length = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(body) };
  const headers = { ...jsonHeaders, ...bearer(token), ...length };
  return new Promise<number>((resolve, reject) => {
    const request = httpRequest(
      `${world.url}${operation.path}`,
      { method: operation.method, headers },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function tokenCases({ world, it, unharmed }: HostileContext, target: Target): void {
  it(`${target.name}: nobody without the right token gets in`, () =>
    unharmed(async (victim) => {
      const { body } = await httpExamples[target.name](world, victim);
      const { method, path } = target.operation;
      const [header, payload] = victim.accessToken.split('.');
      const headers: Record<string, string>[] = [
        {},
        { authorization: '' },
        { authorization: victim.accessToken },
        { authorization: `Basic ${victim.accessToken}` },
        { authorization: `Bearer ${victim.tokens.refreshToken}` },
        { authorization: `Bearer ${header}.${payload}.${'A'.repeat(86)}` },
        { authorization: `Bearer ${'x'.repeat(5_000)}` },
        { cookie: `accessToken=${victim.accessToken}` },
      ];
      const sent = method === 'GET' ? {} : { body: JSON.stringify(body) };
      for (const one of headers) {
        const exchange = await world.api.raw({ method, path, headers: { ...jsonHeaders, ...one }, ...sent });
        assert.equal(problemOf(exchange).code, 'unauthorized');
      }
    }));

  it(`${target.name}: someone else’s token does nothing to an account`, () =>
    unharmed(async (victim) => {
      const stranger = await world.newcomer();
      const { body } = await httpExamples[target.name](world, victim);
      const exchange = await world.api.sendEncoded(target.name, body, stranger.accessToken);
      if (target.operation.authentication !== 'access-token-and-proof') return;
      assert.ok(!defects.includes(problemOf(exchange).code));
    }));
}

function connectionCases({ world, seed, it, unharmed }: HostileContext): void {
  it(`bytes that are no HTTP do not disturb the relay (seed ${seed})`, () =>
    unharmed(async () => {
      const random = new Seeded(seed);
      const { hostname, port } = new URL(world.url);
      const openings = [
        'GET / HTTP/9.9\r\n\r\n',
        'POST /v1/auth/nonce HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
        `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
        'POST /v1/auth/nonce HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
        ...Array.from({ length: 8 }, () => random.bytes(200)),
      ];
      for (const opening of openings) {
        const socket = connectTcp(Number(port), hostname.replace(/^\[|\]$/g, ''));
        socket.on('error', () => {});
        const closed = once(socket, 'close');
        socket.resume().end(opening);
        await closed;
      }
    }));

  it('requests that are given up half-way do not disturb the relay', () =>
    unharmed(async (victim) => {
      const { hostname, port } = new URL(world.url);
      for (const { operation } of withBody) {
        const socket = connectTcp(Number(port), hostname.replace(/^\[|\]$/g, ''));
        socket.on('error', () => {});
        const head = `${operation.method} ${operation.path} HTTP/1.1\r\nhost: relay\r\ncontent-type: application/json\r\n`;
        const token = `authorization: Bearer ${victim.accessToken}\r\ncontent-length: 100\r\n\r\n`;
        await new Promise((resolve) => socket.write(`${head}${token}{"half":`, resolve));
        const closed = once(socket, 'close');
        socket.destroy();
        await closed;
      }
    }));
}
