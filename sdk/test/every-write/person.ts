/** Somebody in the scenario: does what it is asked until its storage shows it, however often its process dies. */
import assert from 'node:assert/strict';
import { contactKey } from '../../src/contacts/contact-record.js';
import { limits } from '../../src/limits.js';
import type { Message } from '../../src/messages/index.js';
import type { Messenger } from '../../src/messenger-api.js';
import type { Random } from '../../src/ports/host.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import type { CommitPlan } from '../../src/testing/failing-storage.js';
import { TestDevice } from '../../src/testing/network/test-device.js';
import { deviceHostOf, type TestNetwork } from '../../src/testing/network/test-network.js';
import { counting, listen } from '../../src/testing/simulation/actor.js';
import { Ledger } from '../../src/testing/simulation/ledger.js';
import type { Trace } from '../../src/testing/simulation/trace.js';
import type { WireWatch } from '../../src/testing/simulation/wire-watch.js';
import type { AccountId, DeviceId } from '../../src/wire/index.js';
import { textOf } from '../support/party.js';
import { changeStored, commitStored } from '../support/stored-records.js';

/** What a person needs of its world. */
export interface PersonWorld {
  readonly network: TestNetwork;
  readonly trace: Trace;
  readonly wire: WireWatch;
  readonly plan: CommitPlan;
  readonly reasons: Map<string, number>;
}

/** More than one fate can make necessary. */
const maxAttempts = 5;

/** See the header. */
export class Person {
  readonly device: TestDevice;
  readonly ledger: Ledger;
  id = '' as AccountId;
  code = '';
  /** What it registers is written down, its account id with it. */
  hasDraft = false;
  readonly #world: PersonWorld;

  constructor(
    world: PersonWorld,
    readonly name: string,
    shapeRandom: (random: Random) => Random = (random) => random,
  ) {
    this.#world = world;
    this.ledger = new Ledger(name, world.trace, world.wire, world.reasons);
    this.device = new TestDevice({
      host: deviceHostOf(world.network),
      username: name,
      options: { onMessage: counting },
      prepare: (messenger) => listen(messenger, this),
      shapeRandom,
    });
    this.device.commitPlan = world.plan;
    this.device.onWritten = (changes) => {
      this.hasDraft ||= changes.some(({ key }) => key === 'account/self');
      this.ledger.written(changes);
    };
  }

  get address() {
    return { accountId: this.id, deviceId: 1 as DeviceId };
  }

  async register(): Promise<void> {
    await this.persist(
      async () => (await this.device.messenger.account.profile()) !== undefined,
      ({ account }) => account.register({ username: this.name, password: `${this.name}'s long password` }),
    );
    const profile = (await this.device.messenger.account.profile())!;
    this.id = profile.accountId;
    this.code = profile.contactCode;
    await this.device.attempt((messenger) => messenger.connect());
  }

  /** Does something until it is done; whoever has died is opened again. */
  async persist(
    isDone: () => boolean | Promise<boolean>,
    act: (messenger: Messenger) => Promise<unknown>,
  ): Promise<void> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      await this.device.revive();
      if (this.device.running && (await isDone())) return;
      await this.device.attempt(act);
    }
    assert.fail(`${this.name} could not do it: ${act.toString()}`);
  }

  say(to: Person, text: string): Promise<void> {
    return this.persist(
      () => this.texts(to).includes(text),
      ({ messages }) => messages.send(to.id, { text }),
    );
  }

  /** What a contact's relation is to become, and how. */
  async relate(
    to: Person,
    relation: string,
    act: (contacts: Messenger['contacts']) => Promise<unknown>,
  ): Promise<void> {
    await this.persist(
      () => this.ledger.relation(to.id) === relation,
      ({ contacts }) => act(contacts),
    );
  }

  rows(peer: Person): Message[] {
    return this.ledger.unchecked(peer.id);
  }

  texts(peer: Person): string[] {
    return this.rows(peer).map(textOf);
  }

  status(peer: Person, text: string): string | undefined {
    return this.rows(peer).find((row) => textOf(row) === text)?.status;
  }

  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of memoryStorage({ medium: this.device.medium }).list(prefix)) keys.push(key);
    return keys;
  }

  /** The device loses what it knows of its sessions, as an old copy of its storage would. */
  async loseSessions(): Promise<void> {
    const keys = await this.keys('engine/session/');
    assert.ok(keys.length > 0);
    this.device.kill();
    await commitStored(
      this.device.medium,
      keys.map((key) => ({ key, value: undefined })),
    );
    await this.device.revive();
  }

  /** Refused messages of a contact have cost the device all that they may in an hour. */
  async spendWorkOn(contact: Person): Promise<void> {
    this.device.kill();
    const refusedWork = { since: this.#world.network.clock.now(), steps: limits.maxRefusedSteps };
    await changeStored(this.device.medium, contactKey(contact.id), (fields) => ({ ...fields, refusedWork }));
    await this.device.revive();
  }

  async setPlugged(plugged: boolean): Promise<void> {
    const { network } = this.#world;
    await this.device.revive();
    if (!this.device.running) return;
    if (plugged) network.plug(this.device.transport);
    else network.unplug(this.device.transport);
    await network.settle();
  }
}
