/** A simulated world: its accounts, its weather, and the hands that let an action happen. Checks nothing. */
import { createTestNetwork, deviceHostOf } from '../network/test-network.js';
import { engineOf, type TestEngine } from '../network/test-engines.js';
import { manualClock } from '../manual-clock.js';
import { actorNames, type ActorAction, type ActorName, type SimulationAction } from './actions.js';
import { Actor } from './actor.js';
import type { Touch } from './reasons.js';
import { Trace } from './trace.js';
import { Weather } from './weather.js';
import { WireWatch } from './wire-watch.js';

const hourMs = 60 * 60 * 1000;

/** See the header. */
export class Stage {
  readonly trace = new Trace();
  readonly wire = new WireWatch(this.trace);
  readonly network;
  readonly weather: Weather;
  readonly actors: readonly Actor[];
  /** How many envelopes ended in each reason, on all devices. */
  readonly reasons = new Map<string, number>();
  /** Between which accounts something happened since the last quiet that excuses more than weather does. */
  readonly #touched = new Map<string, Set<Touch>>();

  private constructor(seed: string, accounts: number, engine: TestEngine | undefined) {
    const clock = manualClock();
    this.network = createTestNetwork({
      seed,
      clock,
      engine: async (input) => this.wire.watched(await engineOf(engine, input)),
      accessTokenTtlMs: hourMs,
    });
    const { wire, trace, reasons } = this;
    this.weather = new Weather({ clock, wire, trace });
    const host = deviceHostOf(this.network);
    this.actors = actorNames
      .slice(0, accounts)
      .map((name) => new Actor({ host, trace, wire, reasons }, name));
  }

  /** Registers everybody and lets everybody know everybody. */
  static async set(seed: string, accounts: number, engine: TestEngine | undefined): Promise<Stage> {
    const stage = new Stage(seed, accounts, engine);
    stage.network.relay.tamper = stage.weather.tamper;
    for (const actor of stage.actors) await actor.register();
    for (const actor of stage.actors) {
      for (const other of stage.actors) {
        if (other !== actor) await actor.device.messenger.contacts.add(other.code);
      }
    }
    await stage.network.settle();
    return stage;
  }

  /** Every account with every other. */
  *pairs(): IterableIterator<[from: Actor, to: Actor]> {
    for (const from of this.actors) for (const to of this.actors) if (from !== to) yield [from, to];
  }

  /** Lets one action happen, and everything that follows from it without time. */
  async play(action: Exclude<SimulationAction, { kind: 'quiet' }>): Promise<void> {
    if ('who' in action) await this.#playActor(this.#actor(action.who), action);
    else await this.#playWorld(action);
    await this.network.settle();
  }

  /** Whether more than weather has come between two accounts since the last quiet. */
  isTouched(one: Actor, other: Actor): boolean {
    return this.touches(one, other).size > 0;
  }

  /** What has come between two accounts since the last quiet. */
  touches({ name: one }: Actor, { name: other }: Actor): ReadonlySet<Touch> {
    const names = [one, other, pairName(one, other)];
    return new Set(names.flatMap((name) => [...(this.#touched.get(name) ?? [])]));
  }

  #touch(name: string, touch: Touch): void {
    this.#touched.set(name, (this.#touched.get(name) ?? new Set()).add(touch));
  }

  /** All of it is in order again. */
  untouch(): void {
    this.#touched.clear();
  }

  #actor(name: ActorName): Actor {
    const actor = this.actors.find((one) => one.name === name);
    if (!actor) throw new Error(`${name} does not take part`);
    return actor;
  }

  async #playWorld(action: Exclude<SimulationAction, ActorAction | { kind: 'quiet' }>): Promise<void> {
    switch (action.kind) {
      case 'pass':
        return this.network.pass(action.durationMs);
      case 'lose':
        return this.weather.lose(action);
      case 'delay':
        return this.weather.delay(action);
      case 'pages':
        return this.weather.pages(action);
      case 'relay-restart':
        this.weather.down(action.durationMs);
        return this.network.relay.cut();
      case 'expire-tokens':
        return this.network.relay.expireAccessTokens();
    }
  }

  async #playActor(actor: Actor, action: ActorAction): Promise<void> {
    const { device } = actor;
    switch (action.kind) {
      case 'send':
        return this.#send(actor, action);
      case 'cut':
        return this.network.relay.cut(actor.address);
      case 'unplug':
        if (device.running) this.network.unplug(device.transport);
        return;
      case 'plug':
        if (device.running) this.network.plug(device.transport);
        return;
      case 'crash':
        return this.#planCommit(actor, action.commits, action.fate);
      case 'storage-fails':
        return this.#planCommit(actor, action.commits, 'fail');
      case 'kill':
        return actor.kill();
      case 'restart':
        return device.revive();
      case 'skew':
        device.clockOffsetMs = action.byMs;
        return;
      case 'reset-sessions':
      case 'block':
      case 'unblock':
      case 'accept-identity':
        return this.#playPair(actor, this.#actor(action.peer), action.kind);
      default:
        return this.#playDisaster(actor, action);
    }
  }

  async #send(actor: Actor, { peer, texts }: Extract<ActorAction, { kind: 'send' }>): Promise<void> {
    const { id } = this.#actor(peer);
    await actor.device.attempt(async ({ messages }) => {
      for (const text of texts) await messages.send(id, { text });
    });
  }

  #playPair(
    actor: Actor,
    { id, name }: Actor,
    what: 'reset-sessions' | 'block' | 'unblock' | 'accept-identity',
  ): void {
    if (what === 'block') this.#touch(pairName(actor.name, name), 'block');
    // Not waited for: the relay may not answer until time has passed.
    void actor.device.attempt(({ contacts, sessions }) => {
      if (what === 'reset-sessions') return sessions.reset(id);
      if (what === 'block') return contacts.block(id);
      return what === 'unblock' ? contacts.unblock(id) : contacts.acceptIdentity(id);
    });
  }

  async #playDisaster(
    actor: Actor,
    action: Extract<
      ActorAction,
      {
        kind:
          | 'reset-identity'
          | 'snapshot'
          | 'restore'
          | 'clone'
          | 'end-clone'
          | 'back-up'
          | 'recover'
          | 'reset-account';
      }
    >,
  ): Promise<void> {
    switch (action.kind) {
      case 'reset-identity':
        this.#touch(actor.name, 'identity-reset');
        // Whoever begins anew tries until it works: that it gets through is not what is simulated.
        this.weather.clear();
        this.network.relay.forget(actor.name);
        return this.#replace(actor, () => actor.replace());
      case 'reset-account':
        this.#touch(actor.name, 'account-reset');
        this.weather.clear();
        return this.#replace(actor, () => actor.resetAccount());
      case 'back-up':
        return actor.backUp();
      case 'recover':
        // That a restore whose answers are lost may be repeated has tests of its own.
        this.weather.clear();
        if (await actor.recover()) this.#touch(actor.name, 'recovery');
        return;
      case 'snapshot':
        return actor.takeSnapshot();
      case 'restore':
        if (await actor.restore()) this.#touch(actor.name, 'set-back');
        return;
      case 'clone':
        this.#touch(actor.name, 'clone');
        return actor.clone();
      case 'end-clone':
        return actor.endClone(action.keep);
    }
  }

  /** Somebody else is there, who knows the others: they hear from another key before they have accepted it. */
  async #replace(actor: Actor, replace: () => Promise<void>): Promise<void> {
    await replace();
    for (const other of this.actors) {
      if (other !== actor) await actor.device.attempt(({ contacts }) => contacts.add(other.code));
    }
  }

  /** Gives the n-th commit from now on another fate. */
  #planCommit({ device, name }: Actor, at: number, fate: 'fail' | 'die-before' | 'die-after'): void {
    let left = at;
    device.commitPlan = () => {
      left -= 1;
      if (left !== 0) return 'pass';
      this.trace.note(`commit of ${name}: ${fate}`, name);
      return fate;
    };
  }
}

function pairName(one: ActorName, other: ActorName): string {
  return [one, other].sort().join(' ');
}
