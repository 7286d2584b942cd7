import { describe, expect, it } from 'vitest';
import {
  messageKeys,
  stepChain,
  stepRootKey,
  takeNext,
} from '../../../../src/engines/portable/double-ratchet/kdf.js';
import { handshakeSecrets } from '../../../../src/engines/portable/pqxdh.js';
import { readVectors } from '../../../vectors/vector-files.js';

type Fields = Readonly<Record<string, Uint8Array>>;

const { tests } = readVectors('double-ratchet.json');

const operations: Readonly<Record<string, (input: Fields) => unknown>> = {
  pqxdh: ({ agreements, kemSecret }) =>
    handshakeSecrets(agreements as unknown as readonly Uint8Array[], kemSecret!),
  root: ({ rootKey, agreement }) => {
    const { rootKey: after, chain } = stepRootKey(rootKey!, agreement!);
    expect(chain.index).toBe(0);
    return { rootKey: after, chainKey: chain.key };
  },
  chain: ({ chainKey }) => {
    const { seed, after } = takeNext({ key: chainKey!, index: 6 });
    expect(after.index).toBe(7);
    expect(stepChain({ key: chainKey!, index: 6 })).toEqual(after);
    return { seed, chainKey: after.key };
  },
  'message-keys': ({ seed, pqKey }) => messageKeys(seed!, pqKey),
};

describe('key derivations', () => {
  it.each(tests)('$id', ({ flags, input, output }) => {
    expect(operations[flags[0]!]!(input as Fields)).toEqual(output);
  });
});
