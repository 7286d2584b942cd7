/**
 * A life with everything in it, in which one commit — the k-th of all devices together — has another fate. With
 * the portable engine every run is the same up to that commit, so that running it for every k fails every write.
 */
import assert from 'node:assert/strict';
import { limits } from '../../src/limits.js';
import type { Random } from '../../src/ports/host.js';
import type { CommitFate } from '../../src/testing/failing-storage.js';
import { createTestNetwork, type TestNetwork } from '../../src/testing/network/test-network.js';
import { engineOf } from '../../src/testing/network/test-engines.js';
import { firstUuid } from '../../src/testing/simulation/actor.js';
import { Trace } from '../../src/testing/simulation/trace.js';
import { Weather } from '../../src/testing/simulation/weather.js';
import { WireWatch } from '../../src/testing/simulation/wire-watch.js';
import { engineNamed, type EngineName } from '../support/engines.js';
import { withLostBefore } from './far-ahead.js';
import { Person, type PersonWorld } from './person.js';

/** So much that it waits for an hour in which its sender has cost nothing. */
const farAhead = 'far ahead';
const lost = limits.freeDecryptionSteps + 1;

const dayMs = 24 * 60 * 60 * 1000;

/** Which commit has which fate, on which engine. */
export interface Misfortune {
  readonly engine: EngineName;
  /** From 1; 0 for none. */
  readonly at: number;
  readonly fate: CommitFate;
}

/** Plays the scenario and checks it. @returns how many commits there were */
export async function playScenario(misfortune: Misfortune): Promise<number> {
  const scenario = new Scenario(misfortune);
  try {
    await scenario.play();
  } catch (cause) {
    const { at, fate, engine } = misfortune;
    const around = scenario.trace.around(cause).join('\n');
    throw new Error(`${fate} at commit ${at} on ${engine}: ${(cause as Error).message}\n${around}`, {
      cause,
    });
  }
  return scenario.commits;
}

class Scenario {
  commits = 0;
  readonly trace = new Trace();
  readonly #wire = new WireWatch(this.trace);
  readonly #network: TestNetwork;
  readonly #world: PersonWorld;
  readonly #reasons = new Map<string, number>();
  #people: Person[] = [];

  constructor({ engine, at, fate }: Misfortune) {
    this.#network = createTestNetwork({
      seed: 'every write',
      accessTokenTtlMs: 30 * dayMs,
      engine: async (input) =>
        this.#wire.watched(
          withLostBefore(await engineOf(({ random }) => engineNamed(engine, random), input), farAhead, lost),
        ),
    });
    const { clock, relay } = this.#network;
    relay.tamper = new Weather({ clock, wire: this.#wire, trace: this.trace }).tamper;
    const plan = (changes: readonly { readonly key: string }[]) => {
      this.commits += 1;
      if (this.commits !== at) return 'pass';
      this.trace.note(`${fate} at ${changes.map(({ key }) => key).join(' ')}`);
      return fate;
    };
    this.#world = {
      network: this.#network,
      trace: this.trace,
      wire: this.#wire,
      plan,
      reasons: this.#reasons,
    };
  }

  async play(): Promise<void> {
    const [alice, bob] = [this.#person('alice'), this.#person('bob')];
    await alice.register();
    await bob.register();
    await this.#becomeContacts(alice, bob);
    await this.#converse(alice, bob);
    await this.#verify(alice, bob);
    await this.#quarrel(alice, bob);
    await this.#renewSession(alice, bob);
    await this.#waitForWork(alice, bob);
    const otherBob = await this.#changeIdentity(alice, bob);
    await this.#outliveKeys(alice, otherBob);
    await this.#check(alice, bob, otherBob);
    await this.#signOut(alice);
  }

  #person(name: string, shapeRandom?: (random: Random) => Random): Person {
    const person = new Person(this.#world, name, shapeRandom);
    this.#people.push(person);
    return person;
  }

  /** A message request, accepted. */
  async #becomeContacts(alice: Person, bob: Person): Promise<void> {
    await alice.relate(bob, 'accepted', (contacts) => contacts.add(bob.code));
    await alice.say(bob, 'hello');
    await this.#until(() => bob.texts(alice).includes('hello'));
    await bob.relate(alice, 'accepted', (contacts) => contacts.accept(alice.id));
    await this.#until(() => alice.status(bob, 'hello') === 'delivered');
  }

  /** Both ways, with handlers that write and answer, and receipts. */
  async #converse(alice: Person, bob: Person): Promise<void> {
    await bob.say(alice, 'are you well?');
    await alice.say(bob, 'and you?');
    await alice.say(bob, 'good');
    await this.#until(
      () =>
        ['yes, are you well', 'and you?', 'good'].every((text) => alice.status(bob, text) === 'delivered') &&
        ['are you well?', 'yes, and you'].every((text) => bob.status(alice, text) === 'delivered'),
    );
    await this.#rest();
  }

  /** A safety number that is scanned, and a link, which says as much. What is read is marked as read. */
  async #verify(alice: Person, bob: Person): Promise<void> {
    const isVerified = (one: Person, other: Person) => async () =>
      (await one.device.messenger.contacts.get(other.id))?.trust === 'verified';
    for (const { device } of [alice, bob]) await device.revive();
    const { scannable } = await bob.device.messenger.contacts.safetyNumber(alice.id);
    const { link } = await alice.device.messenger.contacts.share();
    await alice.persist(isVerified(alice, bob), ({ contacts }) =>
      contacts.verify(bob.id, { kind: 'scanned', scannable }),
    );
    await bob.persist(isVerified(bob, alice), ({ contacts }) => contacts.addByLink(link));
    const isRead = async () => {
      const [conversation] = await alice.device.messenger.messages.conversations();
      return conversation?.unreadCount === 0;
    };
    const last = alice.rows(bob).at(-1)!.seq;
    await alice.persist(isRead, ({ messages }) => messages.markRead(bob.id, last));
  }

  /** Blocked, what is written comes to nothing; what fails can be sent again. */
  async #quarrel(alice: Person, bob: Person): Promise<void> {
    await bob.relate(alice, 'blocked', (contacts) => contacts.block(alice.id));
    await alice.say(bob, 'unheard');
    await this.#until(() => alice.status(bob, 'unheard') === 'sent');
    await this.#rest();
    await bob.relate(alice, 'accepted', (contacts) => contacts.unblock(alice.id));
    await alice.setPlugged(false);
    await alice.say(bob, 'once more');
    await alice.relate(bob, 'blocked', (contacts) => contacts.block(bob.id));
    await alice.setPlugged(true);
    await this.#until(() => alice.status(bob, 'once more') !== 'pending');
    // Where the process had died it came back plugged in, and was faster than the block.
    const failed = alice.status(bob, 'once more') === 'failed';
    await alice.relate(bob, 'accepted', (contacts) => contacts.unblock(bob.id));
    const { seq } = alice.rows(bob).find(({ body }) => body.kind === 'text' && body.text === 'once more')!;
    const isUnderWay = () => alice.status(bob, 'once more') !== 'failed';
    if (failed) await alice.persist(isUnderWay, ({ messages }) => messages.retry(bob.id, seq));
    await this.#until(() => alice.status(bob, 'once more') !== 'pending');
    await this.#until(() => bob.texts(alice).includes('once more'));
    await this.#rest();
  }

  /** A device that cannot read begins a new session; the message it could not read has a reason, and comes again. */
  async #renewSession(alice: Person, bob: Person): Promise<void> {
    await bob.loseSessions();
    await alice.say(bob, 'unreadable');
    await this.#until(() => (this.#reasons.get('no-session') ?? 0) === 1);
    await this.#until(() => bob.texts(alice).includes('unreadable'));
    await this.#rest();
    await alice.say(bob, 'readable');
    await this.#until(() => alice.status(bob, 'readable') === 'delivered');
    await this.#rest();
  }

  /** What would cost too much at the moment is set aside, and takes effect when there is work to spare for it. */
  async #waitForWork(alice: Person, bob: Person): Promise<void> {
    await bob.spendWorkOn(alice);
    await alice.say(bob, farAhead);
    await this.#until(() => (this.#reasons.get('decryption-deferred') ?? 0) === 1);
    assert.ok(!bob.texts(alice).includes(farAhead));
    await this.#until(() => bob.texts(alice).includes(farAhead));
    await this.#until(() => alice.status(bob, farAhead) === 'delivered');
    await this.#rest();
  }

  /** Somebody else is bob; what it writes waits until its key is accepted, and then takes effect in order. */
  async #changeIdentity(alice: Person, bob: Person): Promise<Person> {
    bob.device.kill();
    this.#people = [alice];
    this.#network.relay.forget('bob');
    // Until its account id is written down it is drawn again with every attempt.
    const otherBob: Person = this.#person('bob', (random) => ({
      bytes: (length) => (otherBob.hasDraft ? random : firstUuid(bob.id)(random)).bytes(length),
    }));
    await otherBob.register();
    assert.equal(otherBob.id, bob.id);
    await otherBob.relate(alice, 'accepted', (contacts) => contacts.add(alice.code));
    for (const text of ['it is me', 'really?']) await otherBob.say(alice, text);
    await this.#until(() => otherBob.status(alice, 'really?') === 'sent');
    await this.#until(() => (this.#reasons.get('identity-changed') ?? 0) === 2);
    await alice.persist(
      async () => (await alice.device.messenger.contacts.get(bob.id))?.trust !== 'changed',
      ({ contacts }) => contacts.acceptIdentity(bob.id),
    );
    await this.#until(() => otherBob.texts(alice).includes('yes, really'));
    await this.#rest();
    return otherBob;
  }

  /** Lasting keys are replaced, one-time keys filled up, and the next session begins with them. */
  async #outliveKeys(alice: Person, otherBob: Person): Promise<void> {
    const before = this.#network.relay.preKeyStatus(otherBob.address).signedId;
    await this.#until(() => this.#network.relay.preKeyStatus(otherBob.address).signedId !== before);
    await alice
      .persist(
        async () =>
          !(await alice.keys(`engine/session/${otherBob.id}`)).some((key) => key.endsWith('/current')),
        ({ sessions }) => sessions.reset(otherBob.id),
      )
      .catch(() => undefined);
    await alice.say(otherBob, 'still there?');
    await this.#until(() => alice.texts(otherBob).includes('yes, still there'));
    await this.#rest();
  }

  async #check(alice: Person, bob: Person, otherBob: Person): Promise<void> {
    this.trace.assertInnocent();
    assert.deepEqual(Object.fromEntries(this.#reasons), {
      'no-session': 1,
      'decryption-deferred': 1,
      'identity-changed': 2,
    });
    for (const person of [alice, otherBob]) {
      assert.deepEqual(person.ledger.unheard(), [], `observers of ${person.name}`);
      const left = (await person.keys()).filter((key) =>
        /^(outbox\/|receipt\/|quarantine\/|deferred\/|prekeys\/upload)/.test(key),
      );
      assert.deepEqual(left, []);
    }
    const said = ['hello', 'and you?', 'good', 'once more', 'unreadable', 'readable', farAhead];
    const from = (person: Person, owner: Person) =>
      person
        .rows(owner)
        .filter(({ sender }) => sender === owner.id)
        .map(({ body }) => (body.kind === 'text' ? body.text : ''));
    assert.deepEqual(
      from(bob, alice).filter((text) => !text.startsWith('yes')),
      said,
    );
    assert.deepEqual(from(otherBob, alice), ['yes, really', 'still there?']);
    const heard = from(alice, bob);
    assert.deepEqual(
      heard.filter((text) => !text.startsWith('yes')),
      ['are you well?', 'it is me', 'really?'],
    );
    assert.deepEqual(
      heard.filter((text) => text.startsWith('yes')),
      ['yes, and you', 'yes, still there'],
    );
  }

  /** Ends the device: nothing is left of it. */
  async #signOut(alice: Person): Promise<void> {
    for (let attempt = 0; attempt < 3 && (await alice.keys()).length > 0; attempt += 1) {
      await alice.device.revive();
      await alice.device.attempt(({ account }) => account.signOut());
    }
    assert.deepEqual(await alice.keys(), []);
    this.trace.assertInnocent();
  }

  /** Opens whoever is dead, again and again, until the condition holds. */
  #until(condition: () => boolean | Promise<boolean>): Promise<void> {
    return this.#network.until(async () => {
      for (const { device } of this.#people) await device.revive();
      return condition();
    }, condition.toString());
  }

  /** Nothing is on its way any more. */
  #rest(): Promise<void> {
    return this.#until(async () => {
      for (const person of this.#people) {
        if (this.#network.relay.waiting(person.address).length > 0) return false;
        for (const prefix of ['outbox/', 'receipt/', 'prekeys/upload']) {
          const keys = await person.keys(prefix.endsWith('/') ? prefix : 'prekeys/');
          if (keys.some((key) => key.startsWith(prefix))) return false;
        }
      }
      return true;
    });
  }
}
