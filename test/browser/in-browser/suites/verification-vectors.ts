/** Verification says in a browser what it says in Node. */
import { describe, expect, it } from 'vitest';
import { deriveContactCode, parseContactCode, verifySignature } from '@sotto/sdk/verification';
import { readVectors } from '../../../../sdk/test/vectors/vector-files.js';
import { outcomeOf } from '../../../../sdk/test/verification/outcome.js';

interface Signed {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

it.each(readVectors('xeddsa.json').tests)('xeddsa.json: $id is $result', ({ input, result, failure }) => {
  const { publicKey, message, signature } = input as unknown as Signed;
  expect(outcomeOf(() => verifySignature(publicKey, message, signature))).toBe(failure ?? result);
});

describe('contact-code.json', () => {
  const { tests } = readVectors('contact-code.json');
  const withFlag = (flag: string) => tests.filter(({ flags }) => flags.includes(flag));

  it.each(withFlag('derive'))('$id', async ({ input, output }) => {
    const parts = input as { identityKey: Uint8Array; username: string };
    expect(await deriveContactCode(parts)).toBe(output?.['digits']);
  });

  it.each(withFlag('parse'))('$id is $result', ({ input, result, failure, output }) => {
    const parse = () => parseContactCode(input['text'] as string);
    if (result === 'valid') expect(parse()).toEqual(output);
    else expect(outcomeOf(() => void parse())).toBe(failure);
  });
});
