/** What every part of the engine port shares: who we are, how records are read, what a step gives back. */
import type { Secret } from '../secret.js';
import type { DeviceAddress } from '../wire/index.js';

/** An identity key pair. The private key is the engine's own encoding (32 bytes, clamped). */
export interface IdentityKeyPair {
  /** 33 bytes with the type byte. */
  readonly publicKey: Uint8Array;
  /** Owned by the caller, who wipes it. */
  readonly privateKey: Secret;
}

/** Who we are in a step. */
export interface OurDevice {
  readonly address: DeviceAddress;
  readonly identity: IdentityKeyPair;
  readonly registrationId: number;
}

/**
 * Read access to the engine's records. Keys are relative to the engine's own space and follow the
 * storage port's rules; several are read in one round trip. Records of sessions, and no others, have keys that
 * begin with `session/`: a device that begins anew keeps those of before apart.
 */
export interface EngineView {
  /** The values of the keys, in the order asked for; undefined where there is none. */
  get(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
}

/** A record to write (or delete, where `value` is `undefined`), in the engine's own space. */
export interface EngineChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** What a step returns: its result, and the records to commit together with everything that belongs to it. */
export interface EngineStep<Result> {
  readonly result: Result;
  readonly changes: readonly EngineChange[];
}
