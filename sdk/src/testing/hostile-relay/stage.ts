/**
 * The stage of the suite: alice writes to bob, who also knows carol, and the relay between them lies. Keeps count
 * of what a lie has really rewritten. Knows no case.
 */
import { manualClock } from '../manual-clock.js';
import { engineOf, type TestEngine } from '../network/test-engines.js';
import { createTestNetwork, deviceHostOf, type TestNetwork } from '../network/test-network.js';
import type { TestRelay } from '../network/test-relay.js';
import type {
  OperationName,
  OperationRequest,
  OperationResponse,
  RelayCall,
  RelayPush,
} from '../network/tamper.js';
import { limits } from '../../limits.js';
import type { IdentityKeyPair } from '../../ports/index.js';
import { seededRandom } from '../seeded-random.js';
import { assertEqual, fail } from '../assert.js';
import type { AccountId, Envelope, ProblemDocument, SendRequest } from '../../wire/index.js';
import { Actor, type StorageDump } from './actor.js';
import { Forger } from './forger.js';
import { rewrittenFields } from './wire-fields.js';

/** Longer than anything takes that is done by itself soon. */
const quietMs = 120_000;
/** Tokens last: what is not about them should not wait for them. */
const accessTokenTtlMs = 30 * 24 * 60 * 60 * 1000;

/** What a refusal may leave behind: marks of envelopes, the journal, the count of commits, what a reconnect renews. */
export const refusalMarks: readonly RegExp[] = [
  /^seen\//,
  /^journal(-head$|\/)/,
  /^store-seq$/,
  /^counters$/,
  /^continuity\//,
];

/** Where the work that refused messages cost is counted; what else such a contact's record says is compared apart. */
export const workMarks = (...senders: readonly { readonly id: AccountId }[]): readonly RegExp[] => [
  /^refused-work$/,
  ...senders.map(({ id }) => new RegExp(`^contact/${id}$`)),
];

/** Options of {@link Stage.open}. */
export interface StageOptions {
  readonly engine: TestEngine;
  readonly seed: string;
}

/** See the header. */
export class Stage {
  readonly network: TestNetwork;
  readonly relay: TestRelay;
  readonly alice: Actor;
  readonly bob: Actor;
  readonly carol: Actor;
  readonly forger: Forger;
  /** An identity of nobody's. */
  readonly mallory: IdentityKeyPair;
  /** The paths that lies have rewritten since they were last looked at. */
  readonly #rewritten = new Set<string>();
  #freshIds = 0;

  /** Alice and bob have talked both ways; carol has talked with bob. */
  static async open({ engine, seed }: StageOptions): Promise<Stage> {
    const network = createTestNetwork({ engine, seed, clock: manualClock(), accessTokenTtlMs });
    const host = deviceHostOf(network);
    // The full stock: none is replenished in between, which would move more than a lie may.
    const alice = await Actor.register(host, 'alice', limits.preKeyStock);
    const bob = await Actor.register(host, 'bob', limits.preKeyStock);
    const carol = await Actor.register(host, 'carol');
    const random = seededRandom(`${seed}/mallory`);
    const forger = new Forger(await engineOf(engine, { username: 'mallory', random }));
    const stage = new Stage({ network, alice, bob, carol, forger, mallory: await forger.makeIdentity() });
    await stage.introduce(alice, bob);
    await stage.introduce(carol, bob);
    return stage;
  }

  private constructor(parts: Pick<Stage, 'network' | 'alice' | 'bob' | 'carol' | 'forger' | 'mallory'>) {
    this.network = parts.network;
    this.relay = parts.network.relay;
    this.alice = parts.alice;
    this.bob = parts.bob;
    this.carol = parts.carol;
    this.forger = parts.forger;
    this.mallory = parts.mallory;
  }

  /** The first adds the second by its code and says hello; the second accepts and answers. */
  async introduce(first: Actor, second: Actor): Promise<void> {
    await first.messenger.contacts.add(second.code);
    await first.messenger.messages.send(second.id, { text: `hello ${second.username}` });
    await this.until(async () => (await second.messenger.contacts.get(first.id)) !== undefined, 'a request');
    await second.messenger.contacts.accept(first.id);
    await this.quiet();
    await this.talk(second, first, 'I see you');
  }

  /** One message that takes effect and is marked as delivered. */
  async talk(from: Actor, to: Actor, text: string): Promise<void> {
    await from.messenger.messages.send(to.id, { text });
    await this.until(async () => (await from.lastStatus(to)) === 'delivered', `${text} is delivered`);
    assertEqual((await to.texted(from)).at(-1), text, 'what arrived last');
    await this.quiet();
  }

  /** One message each way: the relay is honest, and nothing is left of what it said before. */
  async talkAgain(text: string): Promise<void> {
    this.tellTheTruth();
    await this.talk(this.alice, this.bob, `after: ${text}`);
    await this.talk(this.bob, this.alice, `and back: ${text}`);
  }

  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    return this.network.until(condition, what);
  }

  /** Until nothing happens by itself any more. */
  quiet(): Promise<void> {
    return this.network.pass(quietMs);
  }

  /** From now on the relay is honest. */
  tellTheTruth(): void {
    this.relay.tamper = {};
  }

  /** From now on answers of an operation are rewritten; what results must fit the wire. */
  answer<Name extends OperationName>(
    operation: Name,
    rewrite: (honest: OperationResponse<Name>, request: OperationRequest<Name>) => OperationResponse<Name>,
  ): void {
    const rewriteAndNote: typeof rewrite = (honest, request) => {
      const told = rewrite(honest, request);
      this.note(rewrittenFields(honest, told, operation));
      return told;
    };
    this.relay.tamper.responses = { ...this.relay.tamper.responses, [operation]: rewriteAndNote };
  }

  /** From now on answers become anything at all, as JSON or as a stream's reply. */
  answerRaw(rewrite: (encoded: unknown, call: RelayCall) => unknown): void {
    this.relay.tamper.rawResponse = (encoded, call) => {
      const told = rewrite(encoded, call);
      this.note(rewrittenFields(encoded, told, call.operation));
      return told;
    };
  }

  /** From now on an operation is refused with a problem of the relay's making. */
  refuse(operation: OperationName, problem: ProblemDocument): void {
    this.relay.tamper.refuse = (call) => {
      if (call.operation !== operation) return undefined;
      this.note(Object.keys(problem).map((name) => `problem/${name}`));
      return problem;
    };
  }

  /** From now on events on their way to somebody are replaced. */
  push(to: Actor, rewrite: (push: RelayPush) => readonly RelayPush[]): void {
    this.relay.tamper.push = (push, { accountId }) => {
      if (accountId !== to.id) return [push];
      const pushes = rewrite(push);
      for (const { name, payload } of pushes) {
        if (name !== push.name) this.note([`frame:${name}`]);
        else if (pushes.length !== 1) this.note([`frame:${name}`]);
        this.note(rewrittenFields(push.payload, payload, `frame:${push.name}`));
      }
      return pushes;
    };
  }

  /** From now on envelopes on their way to bob are replaced. */
  envelopesToBob(rewrite: (page: readonly Envelope[]) => readonly Envelope[]): void {
    this.relay.tamper.envelopes = (page, { accountId }) => (accountId === this.bob.id ? rewrite(page) : page);
  }

  /** Catches the next message to bob: it comes to nobody until it is delivered or the mailbox is drained. */
  async intercept(text: string, from: Actor = this.alice): Promise<Envelope> {
    const caught: Envelope[] = [];
    this.envelopesToBob((page) => {
      caught.push(...page.filter(({ sender }) => sender.accountId === from.id));
      return [];
    });
    await from.messenger.messages.send(this.bob.id, { text });
    await this.until(() => caught.length > 0, `${text} is on its way`);
    await this.quiet();
    const [envelope] = caught;
    return envelope ?? fail('nothing was intercepted');
  }

  /** Lets the relay push envelopes of its own making to bob, once he is connected. */
  async deliver(...pages: readonly (readonly Envelope[])[]): Promise<void> {
    const rest = [...pages];
    this.tellTheTruth();
    this.relay.tamper.push = (push, { accountId }) => {
      if (accountId !== this.bob.id || push.name !== 'caught-up') return [push];
      return [...rest.splice(0).map((envelopes) => ({ name: 'envelopes', payload: { envelopes } })), push];
    };
    this.envelopesToBob(() => []);
    await this.reconnectBob();
    this.tellTheTruth();
  }

  /** What the relay still holds for bob takes effect. */
  async drain(): Promise<void> {
    this.tellTheTruth();
    await this.reconnectBob();
    await this.until(() => this.relay.waiting(this.bob.address).length === 0, 'the mailbox is empty');
    await this.quiet();
  }

  async reconnectBob(): Promise<void> {
    const { connections } = this.bob;
    const before = connections.length;
    this.relay.cut(this.bob.address);
    await this.until(() => connections.slice(before).includes('online'), 'bob is online again');
    await this.quiet();
  }

  /** An envelope id the relay has not used. */
  freshId(): Envelope['id'] {
    this.#freshIds += 1;
    return `00000000-0000-4000-8000-${String(this.#freshIds).padStart(12, '0')}` as Envelope['id'];
  }

  /** Gathers what somebody sends from now on. */
  sendsOf(actor: Actor): SendRequest[] {
    const sends: SendRequest[] = [];
    this.relay.tamper.delay = (call) => {
      if (call.operation === 'send' && call.device?.accountId === actor.id) sends.push(call.request);
      return undefined;
    };
    return sends;
  }

  /** A lie has rewritten these. */
  note(paths: readonly string[]): void {
    for (const path of paths) this.#rewritten.add(path);
  }

  /** What was rewritten since the last look. */
  takeRewritten(): ReadonlySet<string> {
    const rewritten = new Set(this.#rewritten);
    this.#rewritten.clear();
    return rewritten;
  }
}

/** Every other key is as it was. @throws Error naming those that are not */
export function assertUntouched(before: StorageDump, after: StorageDump, marks: readonly RegExp[]): void {
  const keys = new Set([...before.keys(), ...after.keys()]);
  const changed = [...keys].filter((key) => before.get(key) !== after.get(key));
  const touched = changed.filter((key) => !marks.some((mark) => mark.test(key))).sort();
  assertEqual(touched, [], 'keys of the storage that a lie has touched');
}
