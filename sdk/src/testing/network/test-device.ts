/**
 * A device whose process can die in the middle of anything and be opened again from what its storage
 * holds. Knows how to run a messenger; who the user is and what happens to it is others' business.
 */
import { createMessenger } from '../../messenger.js';
import type { Messenger, MessengerOptions } from '../../messenger-api.js';
import type { Clock, Logger, Random } from '../../ports/host.js';
import type { StorageAdapter, StorageChange } from '../../ports/storage.js';
import type { Transport } from '../../ports/transport.js';
import { createMemoryMedium, memoryStorage, type MemoryMedium } from '../../storage/memory/index.js';
import { failingStorage, type CommitPlan, type FailingStorage } from '../failing-storage.js';
import { countingEngine, countingStorage, type Lane } from '../idle.js';
import { ProcessClock } from '../process-clock.js';
import type { SeededRandom } from '../seeded-random.js';
import { engineOf, withSmallStock, type TestEngine } from './test-engines.js';

/** Options of a device. */
export interface TestDeviceOptions extends Pick<
  MessengerOptions,
  'onMessage' | 'messageRequests' | 'trust' | 'logger'
> {
  /** Replaces the network's. */
  readonly engine?: TestEngine;
  /** Opens the storage, again for every process. In memory, and surviving the process, by default. */
  readonly storage?: () => StorageAdapter | Promise<StorageAdapter>;
  /** One-time pre-keys of each kind that are made at a time; 4 by default, as the library's 100 cost a second. */
  readonly preKeyBatch?: number;
}

/** What a device needs of its network. */
interface DeviceNetwork {
  readonly clock: Clock;
  transport(options?: { readonly logger?: Logger }): Transport;
  unplug(transport: Transport): void;
  plug(transport: Transport): void;
  settle(): Promise<void>;
  pass(durationMs: number): Promise<void>;
  until(condition: () => boolean, what: string): Promise<void>;
}

/** What a device needs of its world. */
export interface DeviceHost {
  readonly network: DeviceNetwork;
  readonly engine: TestEngine | undefined;
  /** Engines of one network work one after another. */
  readonly lane: Lane;
  /** Randomness of a process: another one at every call, or ids would come again. */
  readonly nextRandom: (username: string) => SeededRandom;
}

const defaultPreKeyBatch = 4;

/** A process: what dies with it. */
interface Life {
  /** Absent until it is open. */
  messenger?: Messenger;
  readonly transport: Transport;
  readonly storage: FailingStorage;
  readonly clock: ProcessClock;
  /** Resolves when the process dies. */
  readonly died: Promise<void>;
  readonly reportDeath: () => void;
}

/** See the header. */
export class TestDevice {
  /** What the storage keeps, where it is in memory. */
  medium: MemoryMedium = createMemoryMedium();
  /** Decides over every commit. */
  commitPlan: CommitPlan = () => 'pass';
  /** Sees what every commit has written. */
  onWritten: (changes: readonly StorageChange[]) => void = () => undefined;
  /** How far the device's wall clock is off. */
  clockOffsetMs = 0;
  readonly #host: DeviceHost;
  readonly #options: TestDeviceOptions;
  readonly #prepare: (messenger: Messenger) => void;
  /** What the messenger's randomness is made of; the process's own stream by default. */
  readonly #shapeRandom: (random: Random) => Random;
  #life: Life | undefined;

  /** @param parts - `prepare` is called with every new messenger, before it does anything */
  constructor(parts: {
    host: DeviceHost;
    username: string;
    options: TestDeviceOptions;
    prepare?: (messenger: Messenger) => void;
    shapeRandom?: (random: Random) => Random;
  }) {
    this.#host = parts.host;
    this.username = parts.username;
    this.#options = parts.options;
    this.#prepare = parts.prepare ?? (() => undefined);
    this.#shapeRandom = parts.shapeRandom ?? ((random) => random);
  }

  readonly username: string;

  /** The messenger of the running process. @throws Error when none runs */
  get messenger(): Messenger {
    const { messenger } = this.#alive();
    if (!messenger) throw new Error(`${this.username} is still being opened`);
    return messenger;
  }

  /** The running process's way to the relay. @throws Error when none runs */
  get transport(): Transport {
    return this.#alive().transport;
  }

  get running(): boolean {
    return this.#life?.messenger !== undefined;
  }

  /** Opens the device from what its storage holds. It may die meanwhile. */
  async start(): Promise<void> {
    const random = this.#host.nextRandom(this.username);
    const life = await this.#begin();
    const opening = createMessenger({
      engine: await this.#engine(random, life.died),
      storage: life.storage,
      transport: life.transport,
      clock: life.clock,
      random: this.#shapeRandom(random),
      ...messengerOptions(this.#options),
    });
    const messenger = await Promise.race([opening, life.died.then(() => undefined)]);
    if (!messenger) return;
    life.messenger = messenger;
    this.#prepare(messenger);
  }

  /** The process dies: nothing is flushed, nothing is said. */
  kill(): void {
    const life = this.#life;
    if (!life) return;
    this.#life = undefined;
    life.storage.kill();
    life.clock.kill();
    this.#host.network.unplug(life.transport);
    life.reportDeath();
  }

  /** Lets a running process do something, until that is done, has failed, or the process has died. */
  async attempt(act: (messenger: Messenger) => Promise<unknown>): Promise<void> {
    const { messenger, died } = this.#life ?? {};
    if (!messenger) return;
    await Promise.race([act(messenger).catch(() => undefined), died]);
    await this.#host.network.settle();
  }

  /** Opens and connects a dead process; it may die again meanwhile. */
  async revive(): Promise<void> {
    if (this.#life) return;
    await this.start();
    if (this.running) void this.messenger.connect().catch(() => undefined);
    await this.#host.network.settle();
  }

  /** A process that has not opened its messenger yet. */
  async #begin(): Promise<Life> {
    const { network } = this.#host;
    const { logger } = this.#options;
    const transport = network.transport(logger ? { logger } : {});
    const clock = new ProcessClock(network.clock, () => this.clockOffsetMs);
    const storage = failingStorage(await this.#openStorage(), {
      plan: (changes) => this.commitPlan(changes),
      written: (changes) => {
        this.onWritten(changes);
      },
      died: () => {
        this.kill();
      },
    });
    let reportDeath = () => {};
    const died = new Promise<void>((resolve) => (reportDeath = resolve));
    this.#life = { transport, storage, clock, died, reportDeath };
    return this.#life;
  }

  #alive(): Life {
    if (!this.#life) throw new Error(`${this.username} is not running`);
    return this.#life;
  }

  async #openStorage(): Promise<StorageAdapter> {
    const { storage } = this.#options;
    return storage ? countingStorage(await storage()) : memoryStorage({ medium: this.medium });
  }

  async #engine(random: SeededRandom, died: Promise<void>) {
    const chosen = this.#options.engine ?? this.#host.engine;
    const engine = await engineOf(chosen, { username: this.username, random: random.fork('engine') });
    const batch = this.#options.preKeyBatch ?? defaultPreKeyBatch;
    return countingEngine(withSmallStock(engine, batch), this.#host.lane, died);
  }
}

function messengerOptions({ onMessage, messageRequests, trust, logger }: TestDeviceOptions) {
  return {
    ...(onMessage && { onMessage }),
    ...(messageRequests && { messageRequests }),
    ...(trust && { trust }),
    ...(logger && { logger }),
  };
}
