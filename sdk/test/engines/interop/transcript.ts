/**
 * A conversation as one of its two devices has it: what its engine was asked, and what came of it. Played
 * again on an engine with the same randomness it shows that every runtime does the very same. Runs in Node
 * and in browsers alike; knows no particular engine.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../../../src/bytes.js';
import { isSottoError, type SottoErrorCode } from '../../../src/errors.js';
import type {
  EngineStep,
  EngineView,
  GeneratePreKeysInput,
  OurDevice,
  ProtocolEngine,
  SessionBundle,
} from '../../../src/ports/index.js';
import { RecordSnapshot } from '../../../src/testing/engine-conformance-kit.js';
import type { CiphertextKind, DeviceAddress } from '../../../src/wire/index.js';

/** What was asked of an engine, with what it answered. */
export type TranscriptStep =
  | { readonly call: 'pre-keys'; readonly ids: Omit<GeneratePreKeysInput, 'our' | 'now'> }
  | { readonly call: 'start'; readonly bundle: SessionBundle }
  | { readonly call: 'archive' }
  | {
      readonly call: 'encrypt';
      readonly text: string;
      readonly kind: CiphertextKind;
      /** Of the ciphertext, see {@link digestOf}. */
      readonly digest: Uint8Array;
    }
  | {
      readonly call: 'decrypt';
      readonly kind: CiphertextKind;
      readonly ciphertext: Uint8Array;
      /** The plaintext, or nothing where the message must be refused. */
      readonly text?: string;
      readonly failure?: SottoErrorCode;
    };

/** Who speaks. */
export interface TranscriptDevices {
  readonly our: { readonly address: DeviceAddress; readonly registrationId: number };
  readonly their: DeviceAddress;
  /** Milliseconds since the Unix epoch, the same throughout. */
  readonly now: number;
}

const digestLength = 16;
const text = new TextDecoder();

/** What a transcript keeps of a ciphertext that the engine made: enough to tell it from any other. */
export function digestOf(ciphertext: Uint8Array): Uint8Array {
  return sha256(ciphertext).slice(0, digestLength);
}

/**
 * Asks an engine everything again.
 * @throws Error at the first answer that is another one, or a refusal that left something behind
 */
export async function replay(
  engine: ProtocolEngine,
  devices: TranscriptDevices,
  steps: readonly TranscriptStep[],
): Promise<void> {
  const player = new Player(engine, devices, await engine.generateIdentity());
  for (const [at, step] of steps.entries()) {
    const difference = await player.play(step);
    if (difference !== undefined) throw new Error(`step ${at + 1} (${step.call}): ${difference}`);
  }
}

class Player {
  readonly #records = new Map<string, Uint8Array>();
  readonly #view: EngineView = { get: async (keys) => keys.map((key) => this.#records.get(key)) };
  readonly #our: OurDevice;

  constructor(
    readonly engine: ProtocolEngine,
    readonly devices: TranscriptDevices,
    identity: OurDevice['identity'],
  ) {
    this.#our = { ...devices.our, identity };
  }

  /** @returns in which way the outcome differs, or nothing */
  async play(step: TranscriptStep): Promise<string | undefined> {
    const { engine, devices } = this;
    const input = { our: this.#our, their: devices.their, now: devices.now };
    switch (step.call) {
      case 'pre-keys':
        this.#apply(await engine.generatePreKeys({ ...step.ids, our: this.#our, now: devices.now }));
        return undefined;
      case 'start':
        this.#apply(await engine.startSession(this.#view, { ...input, bundle: step.bundle }));
        return undefined;
      case 'archive':
        this.#apply(await engine.archiveSession(this.#view, devices.their));
        return undefined;
      case 'encrypt':
        return this.#encrypt(step);
      case 'decrypt':
        return this.#decrypt(step);
    }
  }

  async #encrypt(step: TranscriptStep & { call: 'encrypt' }): Promise<string | undefined> {
    const { their, now } = this.devices;
    const input = { our: this.#our, their, now, plaintext: utf8(step.text) };
    const { kind, ciphertext } = this.#apply(await this.engine.encrypt(this.#view, input));
    if (kind !== step.kind) return `kind ${kind} instead of ${step.kind}`;
    return digestOf(ciphertext).join() === step.digest.join() ? undefined : 'another ciphertext';
  }

  async #decrypt(step: TranscriptStep & { call: 'decrypt' }): Promise<string | undefined> {
    const expected = step.failure ?? `“${step.text}”`;
    const outcome = await this.#outcome(step);
    return outcome === expected ? undefined : `${outcome} instead of ${expected}`;
  }

  async #outcome({ kind, ciphertext }: TranscriptStep & { call: 'decrypt' }): Promise<string> {
    const { their, now } = this.devices;
    const before = new RecordSnapshot(this.#records);
    try {
      const input = { our: this.#our, their, now, kind, ciphertext };
      const { plaintext } = this.#apply(await this.engine.decrypt(this.#view, input));
      return `“${text.decode(plaintext)}”`;
    } catch (error) {
      if (!isSottoError(error)) throw error;
      before.assertUntouched('a refusal');
      return error.code;
    }
  }

  #apply<Result>({ result, changes }: EngineStep<Result>): Result {
    for (const { key, value } of changes) {
      if (value === undefined) this.#records.delete(key);
      else this.#records.set(key, value);
    }
    return result;
  }
}
