/**
 * The Triple Ratchet: a Double Ratchet and the sparse post-quantum ratchet side by side, each message
 * under a key of both (spec: double-ratchet 3.3 and 3.4). One state and one SignalMessage at a time. Knows
 * the identity keys of the MAC and the bytes that say who writes to whom; no address, record or pin.
 */
import { equalBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import { messageKeys, type MessageKeys } from './double-ratchet/kdf.js';
import { receivingStep, sendingStep } from './double-ratchet/ratchet.js';
import type { DoubleRatchet } from './double-ratchet/state.js';
import { blaming } from './failures.js';
import { serializeSignalMessage, signalMessageMac, type SignalMessage } from './messages/signal-message.js';
import type { IdentityKey } from './primitives/keys.js';
import type { Ciphers, Primitives } from './primitives/primitives.js';
import type { SkippedKeys } from './records/skipped-keys.js';
import { spqrDirectory, spqrLinks, spqrReceive, spqrSend, type SpqrState } from './spqr/ratchet.js';

/** A Triple Ratchet between two identities. */
export interface TripleRatchet {
  readonly ourIdentity: IdentityKey;
  readonly theirIdentity: IdentityKey;
  readonly doubleRatchet: DoubleRatchet;
  readonly spqr: SpqrState;
}

/**
 * Opens the working copy of a chain's skipped keys.
 * @param chain - names it within the state: `d` and the number of a receiving chain, or `q` and an epoch
 */
export type OpenSkippedKeys = (chain: string, directory: Uint8Array) => SkippedKeys;

/** How far a message may be ahead of its chain, in the Double Ratchet and in one SPQR epoch (spec 3.2). */
export const maxJump = 25_000;

/**
 * The same in a session with another device of our own account. The protocol's peers set no bound there;
 * this one keeps a forged counter from costing more than a few seconds, and twice what a mailbox of the
 * relay may hold still fits below it.
 */
export const maxOwnJump = 100_000;

/**
 * Encrypts a message.
 * @param addresses - who writes to whom, 36 bytes, where the message says so
 * @throws SottoError `engine-record-invalid`
 */
export async function ratchetEncrypt(
  primitives: Primitives,
  ratchet: TripleRatchet,
  message: { readonly plaintext: Uint8Array; readonly addresses: Uint8Array | undefined },
): Promise<{ readonly ratchet: TripleRatchet; readonly signalMessage: Uint8Array }> {
  const { ourIdentity, theirIdentity } = ratchet;
  const { ciphers } = primitives;
  // The step first: where the platform agrees elsewhere, SPQR has its time meanwhile.
  const stepping = blaming('engine-record-invalid', () =>
    sendingStep(primitives.curve, ratchet.doubleRatchet),
  );
  const sendingPq = (async () => spqrSend(ratchet.spqr, primitives.random))();
  const [step, pq] = await Promise.all([stepping, sendingPq]);
  const { cipherKey, macKey, iv } = messageKeys(step.seed, pq.key);
  const fields = {
    ratchetKey: step.ratchetKey,
    counter: step.counter,
    previousCounter: step.previousCounter,
    ciphertext: await ciphers.aesCbcEncrypt(cipherKey, iv, message.plaintext),
    pqRatchet: pq.message,
    ...(message.addresses ? { addresses: message.addresses } : {}),
  };
  const signalMessage = await serializeSignalMessage(
    fields,
    macKey,
    ourIdentity,
    theirIdentity,
    ciphers.hmacSha256,
  );
  return { ratchet: { ...ratchet, doubleRatchet: step.state, spqr: pq.state }, signalMessage };
}

/** What decrypting needs besides the state. */
export interface RatchetDecryptOptions {
  readonly maxJump: number;
  /** The bytes that say who writes to whom, as we know it; `undefined` where a name is not a service id. */
  readonly addresses: () => Uint8Array | undefined;
  readonly openSkipped: OpenSkippedKeys;
  /** Asked before so many steps of a chain. */
  readonly spend?: (steps: number) => void;
}

/**
 * Decrypts a message.
 * @returns the plaintext, and the state after it
 * @throws SottoError `duplicate-message`, `invalid-message`
 */
export async function ratchetDecrypt(
  primitives: Primitives,
  ratchet: TripleRatchet,
  message: SignalMessage,
  options: RatchetDecryptOptions,
): Promise<{ readonly ratchet: TripleRatchet; readonly plaintext: Uint8Array }> {
  const spending = options.spend && { spend: options.spend };
  const stepping = blaming('invalid-message', () =>
    receivingStep(primitives, ratchet.doubleRatchet, message, {
      maxJump: options.maxJump,
      openSkipped: ({ number, skipped }) => options.openSkipped(`d${number}`, skipped),
      ...spending,
    }),
  );
  // Where the platform agrees elsewhere, SPQR has its time meanwhile. The step's refusal comes first.
  const receivingPq = spqrReceive(ratchet.spqr, message.pqRatchet, {
    of: (epoch) => options.openSkipped(`q${epoch}`, spqrDirectory(ratchet.spqr, epoch)),
    ...spending,
  });
  receivingPq.catch(() => undefined);
  const step = await stepping;
  const pq = await receivingPq;
  const keys = messageKeys(step.seed, pq.key);
  await authenticate(primitives.ciphers, ratchet, message, keys, options);
  const plaintext = await primitives.ciphers.aesCbcDecrypt(keys.cipherKey, keys.iv, message.ciphertext);
  if (!plaintext) throw new SottoError('invalid-message');
  return { ratchet: { ...ratchet, doubleRatchet: step.state, spqr: pq.state }, plaintext };
}

async function authenticate(
  { hmacSha256 }: Ciphers,
  { ourIdentity, theirIdentity }: TripleRatchet,
  message: SignalMessage,
  { macKey }: MessageKeys,
  { addresses }: RatchetDecryptOptions,
): Promise<void> {
  const mac = await signalMessageMac(macKey, theirIdentity, ourIdentity, message.authenticated, hmacSha256);
  if (!equalBytes(mac, message.mac)) throw new SottoError('invalid-message');
  if (!message.addresses) return;
  const expected = addresses();
  if (!expected || !equalBytes(expected, message.addresses)) throw new SottoError('invalid-message');
}

/** The directories of all skipped keys of a state, by the name of their chain. */
export function skippedDirectories(ratchet: TripleRatchet): Map<string, Uint8Array> {
  const directories = new Map<string, Uint8Array>();
  for (const { number, skipped } of ratchet.doubleRatchet.receiving) directories.set(`d${number}`, skipped);
  for (const { epoch, skipped } of spqrLinks(ratchet.spqr)) directories.set(`q${epoch}`, skipped);
  return directories;
}
