import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../../src/bytes.js';
import {
  ciphertextMac,
  epochSecretOf,
  headerMac,
  newAuthenticator,
  updateAuthenticator,
} from '../../../../src/engines/portable/spqr/authenticator.js';
import { addEpoch, newChain, sendKey, type Chain } from '../../../../src/engines/portable/spqr/chain.js';
import { nextChunk } from '../../../../src/engines/portable/spqr/erasure-code.js';
import { readVectors } from '../../../vectors/vector-files.js';

interface AuthenticatorInput {
  readonly authKey: Uint8Array;
  readonly epoch?: number;
  readonly sharedSecret?: Uint8Array;
  readonly header?: Uint8Array;
  readonly ciphertext?: Uint8Array;
}

describe('the authenticator', () => {
  it.each(readVectors('spqr-authenticator.json').tests)('$id', ({ input, output }) => {
    const { authKey, epoch = 1, sharedSecret, header, ciphertext } = input as unknown as AuthenticatorInput;
    const first = newAuthenticator(authKey);
    const epochSecret = sharedSecret && epochSecretOf(epoch, sharedSecret);
    const current = epochSecret ? updateAuthenticator(first, epoch, epochSecret) : first;
    const made: Record<string, unknown> = {
      ...current,
      epochSecret,
      headerMac: header && headerMac(current, epoch, header),
      ciphertextMac:
        ciphertext && ciphertextMac(current, epoch, ciphertext.subarray(0, 960), ciphertext.subarray(960)),
    };
    for (const [name, value] of Object.entries(output!))
      expect(concatBytes(made[name] as Uint8Array)).toEqual(value);
  });

  it('writes the epoch as an unsigned 64-bit number', () => {
    const first = newAuthenticator(new Uint8Array(32));
    const macs = [1, 2 ** 32, 2 ** 32 + 1, 2 ** 40].map((epoch) =>
      headerMac(first, epoch, new Uint8Array(64)).join(),
    );
    expect(new Set(macs).size).toBe(4);
  });
});

interface ChainInput {
  readonly authKey: Uint8Array;
  readonly epochSecret?: Uint8Array;
  readonly sender?: 'initiator' | 'responder';
  readonly index?: number;
}

function chainOf({ authKey, epochSecret }: ChainInput, role: 'initiator' | 'responder'): Chain {
  const chain = newChain(role, authKey, 25_000);
  return epochSecret ? addEpoch(chain, { epoch: 1, secret: epochSecret }) : chain;
}

describe('the chains', () => {
  it.each(readVectors('spqr-chain.json').tests)('$id', ({ input, output }) => {
    const given = input as unknown as ChainInput;
    const { links, nextRoot } = chainOf(given, 'initiator');
    const { sending, receiving } = links.at(-1)!;
    const made = {
      nextRoot,
      fromInitiator: sending!.next,
      fromResponder: receiving.next,
      key: given.sender && keyOf(chainOf(given, given.sender), given.index!),
    };
    for (const [name, value] of Object.entries(output!)) {
      expect(concatBytes(made[name as keyof typeof made]!)).toEqual(value);
    }
  });

  it('gives the responder the same chains the other way round', () => {
    const input = readVectors('spqr-chain.json').tests[0]!.input as unknown as ChainInput;
    const [ours] = chainOf(input, 'initiator').links;
    const [theirs] = chainOf(input, 'responder').links;
    expect([theirs!.receiving, theirs!.sending]).toEqual([ours!.sending, ours!.receiving]);
  });
});

function keyOf(chain: Chain, index: number): Uint8Array {
  const { links } = chain;
  let step = sendKey(chain, links.at(-1)!.epoch);
  while (step.index < index) step = sendKey(step.chain, links.at(-1)!.epoch);
  return step.key;
}

describe('the erasure code', () => {
  it.each(readVectors('spqr-erasure-code.json').tests)('$id', ({ input, output }) => {
    const { message, index } = input as { message: Uint8Array; index: number };
    const { chunk } = nextChunk({ message, sent: index });
    expect(chunk.index).toBe(index);
    expect(concatBytes(chunk.bytes)).toEqual(output!['chunk']);
  });
});
