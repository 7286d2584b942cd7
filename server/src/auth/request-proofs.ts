/** Signed requests: a nonce of the relay and a signature by the device auth key over the operation and its body. */
import type { DeviceAddress, RequestProof } from '@sotto/sdk/wire';
import { isSottoError, verifyRequestProof } from '@sotto/sdk/verification';
import { ProblemError } from '../ports.js';
import type { AuthStore } from './auth-store.js';
import type { Nonces } from './nonces.js';

/** A request as it came, and its proof. */
export interface ProofInput {
  /** The operation's name. */
  readonly operation: string;
  /** The body as JSON on the wire. */
  readonly encodedBody: Readonly<Record<string, unknown>>;
  readonly proof: RequestProof;
}

/** See the file's header. */
export interface RequestProofs {
  /**
   * Uses the nonce up and checks the signature.
   * @throws ProblemError `proof-refused`; `unauthorized` when the device is gone
   */
  check(device: DeviceAddress, input: ProofInput): Promise<void>;
}

/** Whether the signature over a request is the key's. */
export function isProofOf(authKey: Uint8Array, input: ProofInput): boolean {
  try {
    verifyRequestProof({ ...input, authKey });
    return true;
  } catch (error) {
    if (isSottoError(error, 'invalid-signature') || isSottoError(error, 'invalid-key')) return false;
    throw error;
  }
}

/** See {@link RequestProofs}. */
export function createRequestProofs(store: AuthStore, nonces: Nonces): RequestProofs {
  return {
    async check(device, input) {
      await nonces.take(input.proof.nonce);
      const authKey = await store.findAuthKey(device);
      if (authKey === undefined) throw new ProblemError('unauthorized');
      if (!isProofOf(authKey, input)) throw new ProblemError('proof-refused');
    },
  };
}
