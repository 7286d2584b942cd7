/**
 * Draining somebody's one-time keys over HTTP, with the limits that a relay has: so many bundles for one asker,
 * of one target, from one address. Addresses are what a proxy in front says.
 */
import { deriveContactCode } from '@sotto/sdk/verification';
import type { DeviceId } from '@sotto/sdk/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limitTable, type LimitKey } from '../../src/limits/limit-table.js';
import { Person } from '../support/people.js';
import { RelayClient, type Answer } from '../support/relay-client.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';
import { waitFor } from '../support/wait-for.js';

const askerCount = 12;
const targetCount = 11;
const oneTimeKeys = 3;
const device = 1 as DeviceId;

/** A client behind the proxy, at an address of its own. */
class AddressedClient extends RelayClient {
  constructor(
    url: string,
    readonly address: string,
  ) {
    super(url);
  }

  override raw(path: string, init: RequestInit = {}): Promise<Answer<unknown>> {
    return super.raw(path, { ...init, headers: { ...init.headers, 'x-forwarded-for': this.address } });
  }
}

interface Registered {
  readonly person: Person;
  readonly client: AddressedClient;
  readonly token: string;
  readonly code: string;
}

const rowOf = (per: LimitKey) => limitTable.find((row) => row.limit === 'bundle' && row.per === per)!;

describe('draining over HTTP', () => {
  let test: TestRelay;
  let askers: Registered[];
  let targets: Registered[];
  const introductions = new Map<string, string>();

  const register = async (address: string): Promise<Registered> => {
    const client = new AddressedClient(test.relay.url, address);
    const person = new Person();
    const { accessToken: token } = await client.register(person);
    return { person, client, token, code: await deriveContactCode(person) };
  };

  beforeAll(async () => {
    test = await startTestRelay({ limitFactor: 1, trustedProxies: 1 });
    askers = await Promise.all(
      Array.from({ length: askerCount }, (_, index) => register(`192.0.2.${index + 1}`)),
    );
    targets = await Promise.all(
      Array.from({ length: targetCount }, (_, index) => register(`198.51.100.${index + 1}`)),
    );
    for (const { client, person, token } of targets) {
      const keys = person.keys(oneTimeKeys);
      // Making them holds up the relay, which runs in this process and turns requests away until it can keep up.
      await waitFor('the relay', async () => !(await client.call('auth.nonce', {})).problem);
      const { problem } = await client.proven(person, 'keys.upload', { keys }, token);
      expect(problem).toBeUndefined();
    }
  }, 120_000);

  afterAll(async () => {
    await test.close();
  });

  const introduce = async (asker: Registered, target: Registered): Promise<string> => {
    const { code } = target;
    const { username } = target.person;
    const { introductionToken } = await asker.client.ok('contacts.resolve', { username, code }, asker.token);
    return introductionToken;
  };

  const claim = async (asker: Registered, target: Registered, address: string) => {
    const pair = `${asker.person.username} ${target.person.username}`;
    const reachToken = introductions.get(pair) ?? (await introduce(asker, target));
    introductions.set(pair, reachToken);
    const request = { accountId: target.person.accountId, reachToken, deviceIds: [device] };
    return new AddressedClient(test.relay.url, address).call('keys.bundle', request, asker.token);
  };

  /** Claims until one is refused. @returns how many were answered */
  const claimAll = async (asker: Registered, target: Registered, address: string): Promise<number> => {
    for (let answered = 0; ; answered += 1) {
      const { problem } = await claim(asker, target, address);
      if (!problem) continue;
      expect(problem.code).toBe('rate-limited');
      expect(problem.retryAfterMs).toBeGreaterThan(0);
      return answered;
    }
  };

  /** What a bucket lets through: what it holds, and what runs in meanwhile. */
  const expectWithin = (answered: number, per: LimitKey, startedAt: number) => {
    const { burst, refill, refillMs } = rowOf(per);
    expect(answered).toBeGreaterThanOrEqual(burst);
    expect(answered).toBeLessThanOrEqual(burst + Math.ceil((Date.now() - startedAt) / refillMs) * refill);
  };

  it('ends for one asker: six of a target, then sixty in all, wherever it asks from', async () => {
    const startedAt = Date.now();
    const [asker] = askers as [Registered];
    let answered = 0;
    let addresses = 0;
    // The last one is for the next case.
    for (const target of targets.slice(0, -1)) {
      const more = await claimAll(asker, target, `203.0.113.${(addresses += 1)}`);
      expect(more).toBeLessThanOrEqual(rowOf('pair').burst);
      answered += more;
    }
    expectWithin(answered, 'account', startedAt);
  }, 120_000);

  it('ends for one target, whoever asks from wherever; then the last-resort key has served', async () => {
    const startedAt = Date.now();
    const target = targets.at(-1)!;
    let answered = 0;
    for (const [index, asker] of askers.slice(1).entries()) {
      answered += await claimAll(asker, target, `203.0.113.${index + 1}`);
    }
    expectWithin(answered, 'target', startedAt);
    const { oneTime } = await target.client.ok('keys.status', {}, target.token);
    expect(oneTime).toBe(0);
    // Others are not affected.
    expect((await claim(askers[7]!, targets[0]!, '203.0.113.99')).problem).toBeUndefined();
  }, 120_000);

  it('ends for one address, with however many accounts', async () => {
    const startedAt = Date.now();
    let answered = 0;
    for (const asker of askers.slice(1, 7)) {
      for (const target of targets.slice(0, 8)) answered += await claimAll(asker, target, '203.0.113.200');
    }
    expectWithin(answered, 'address', startedAt);
    const elsewhere = await claim(askers[8]!, targets[9]!, '203.0.113.201');
    expect(elsewhere.problem).toBeUndefined();
  }, 120_000);
});
