/** Three people who know each other, and the hands that let an action happen to them. */
import type { MessageHandler } from '../../src/messages/index.js';
import type { Loss, OperationName, RelayCall } from '../../src/testing/network/tamper.js';
import type { AccountId, Envelope } from '../../src/wire/index.js';
import { KeyWatch } from '../support/key-watch.js';
import type { CommitFate } from '../../src/testing/failing-storage.js';
import { Party } from '../support/party.js';
import { World } from '../support/world.js';
import { names, type Action, type Name } from './actions.js';

/** Counts how often a message has had its effect, in the commit of the effect. */
const counting: MessageHandler = async (message, unit) => {
  const key = `count/${message.id}`;
  unit.put(key, Uint8Array.of(((await unit.get(key))?.[0] ?? 0) + 1));
};

interface PlannedLoss {
  readonly part: 'request' | 'reply';
  readonly operation: OperationName;
  readonly loss: Loss;
  left: number;
}

/** See the header. */
export class Stage {
  readonly keys = new KeyWatch();
  /** Bundles the relay has handed out: each took a one-time key with it. */
  bundlesServed = 0;
  readonly #losses: PlannedLoss[] = [];
  #pages: { how: 'duplicate' | 'reorder' | 'drop'; left: number } | undefined;

  private constructor(
    readonly world: World,
    readonly parties: Readonly<Record<Name, Party>>,
    readonly ids: Readonly<Record<Name, AccountId>>,
  ) {}

  /** Registers everybody and lets everybody know everybody. */
  static async set(seed: string): Promise<Stage> {
    const world = new World(seed);
    const options = { onMessage: counting, messageRequests: 'accept' as const };
    const parties = {
      alice: await Party.register(world, 'alice', options),
      bob: await Party.register(world, 'bob', options),
      carol: await Party.register(world, 'carol', options),
    };
    for (const name of names) {
      for (const other of names) {
        if (name !== other) await parties[name].messenger.contacts.add(await parties[other].code());
      }
    }
    const ids = {
      alice: await parties.alice.id(),
      bob: await parties.bob.id(),
      carol: await parties.carol.id(),
    };
    const stage = new Stage(world, parties, ids);
    stage.#listen();
    return stage;
  }

  /** Lets one action happen, and everything that follows from it without time. */
  async play(action: Action): Promise<void> {
    await this.#happen(action);
    await this.world.settle();
  }

  /** All is well again: nothing is lost any more, everybody runs and is plugged in. */
  async heal(): Promise<void> {
    this.#losses.length = 0;
    this.#pages = undefined;
    for (const name of names) {
      const party = this.parties[name];
      party.commitPlan = () => 'pass';
      // Whoever runs goes on running: what is left must get through by itself.
      if (party.running) this.world.network.plug(party.transport);
      await party.revive();
    }
    // What was dropped comes with another connection.
    this.world.relay.cut();
    try {
      await this.world.until(async () => (await this.unsettled()).length === 0);
    } catch (cause) {
      throw new Error(`never settled: ${(await this.unsettled()).join('; ')}`, { cause });
    }
  }

  /** What is on its way, owed or waiting. */
  async unsettled(): Promise<string[]> {
    const left: string[] = [];
    for (const name of names) {
      const party = this.parties[name];
      const { kind } = party.messenger.connection;
      if (kind !== 'online') left.push(`${name} is ${kind}`);
      const waiting = this.world.relay.waiting(await party.address()).length;
      if (waiting > 0) left.push(`${waiting} envelopes wait for ${name}`);
      for (const key of (await party.dump()).keys()) {
        if (/^(outbox|receipt|prekeys\/upload)(\/|$)/.test(key)) left.push(`${name} has ${key}`);
      }
    }
    return left;
  }

  async #happen(action: Action): Promise<void> {
    switch (action.kind) {
      case 'send': {
        const { from, to, texts } = action;
        await this.parties[from].attempt(async ({ messages }) => {
          for (const text of texts) await messages.send(this.ids[to], { text });
        });
        return;
      }
      case 'pass':
        return this.world.pass(action.durationMs);
      case 'lose':
        this.#losses.push({ ...action, left: action.times });
        return;
      case 'pages':
        this.#pages = { how: action.how, left: action.times };
        return;
      case 'cut':
        return this.world.relay.cut({ accountId: this.ids[action.who], deviceId: 1 as never });
      case 'reset-sessions':
        await this.parties[action.who].attempt((messenger) =>
          messenger.sessions.reset(this.ids[action.peer]),
        );
        return;
      case 'expire-tokens':
        return this.world.relay.expireAccessTokens();
      default:
        return this.#happenTo(this.parties[action.who], action);
    }
  }

  async #happenTo(
    party: Party,
    action: Extract<Action, { kind: 'crash' | 'kill' | 'restart' | 'storage-fails' | 'plug' | 'unplug' }>,
  ): Promise<void> {
    switch (action.kind) {
      case 'kill':
        party.kill();
        return;
      case 'restart':
        return party.running ? undefined : party.revive();
      case 'plug':
        if (party.running) this.world.network.plug(party.transport);
        return;
      case 'unplug':
        if (party.running) this.world.network.unplug(party.transport);
        return;
      case 'crash':
        planCommit(party, action.commits, action.when);
        return;
      case 'storage-fails':
        planCommit(party, action.commits, 'fail');
    }
  }

  #listen(): void {
    this.world.relay.tamper = {
      delay: (call) => {
        this.keys.see(call);
        if (call.operation === 'keys.bundle') this.bundlesServed += 1;
        return undefined;
      },
      loseRequest: (call) => this.#lossOf('request', call),
      loseReply: (call) => this.#lossOf('reply', call),
      envelopes: (page) => this.#rewrite(page),
    };
  }

  #lossOf(part: 'request' | 'reply', { operation }: RelayCall): Loss | undefined {
    const planned = this.#losses.find(
      (loss) => loss.part === part && loss.operation === operation && loss.left > 0,
    );
    if (planned) planned.left -= 1;
    return planned?.loss;
  }

  #rewrite(page: readonly Envelope[]): readonly Envelope[] {
    const pages = this.#pages;
    if (!pages || pages.left === 0) return page;
    pages.left -= 1;
    if (pages.how === 'drop') return [];
    return pages.how === 'duplicate' ? [...page, ...page].slice(0, 10) : [...page].reverse();
  }
}

/** Gives the n-th commit from now on another fate. */
function planCommit(party: Party, at: number, fate: CommitFate): void {
  let left = at;
  party.commitPlan = () => {
    left -= 1;
    return left === 0 ? fate : 'pass';
  };
}
