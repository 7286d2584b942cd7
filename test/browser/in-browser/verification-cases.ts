/** Runs the shared vectors of `test-vectors`: verification must say in a browser what it says in Node. */
import { deriveContactCode, isSottoError, parseContactCode, verifySignature } from '@sotto/sdk/verification';
import contactCode from '../../../test-vectors/contact-code.json' with { type: 'json' };
import xeddsa from '../../../test-vectors/xeddsa.json' with { type: 'json' };
import type { Cases } from './cases.js';

interface Vector {
  readonly id: string;
  readonly flags: readonly string[];
  readonly input: Readonly<Record<string, string>>;
  readonly result: string;
  readonly failure?: string;
  readonly output?: Readonly<Record<string, string>>;
}

type Operation = (input: Readonly<Record<string, string>>, flags: readonly string[]) => unknown;

function fromHex(hex: string | undefined): Uint8Array {
  if (hex === undefined || hex.length % 2 !== 0) throw new Error('the vector lacks an input');
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

async function assertVector(vector: Vector, operation: Operation): Promise<void> {
  const { result, failure, output = {} } = vector;
  let actual: unknown;
  try {
    actual = await operation(vector.input, vector.flags);
  } catch (error) {
    if (result === 'invalid' && isSottoError(error) && error.code === failure) return;
    throw error;
  }
  if (result === 'invalid') throw new Error(`accepted, and should fail as ${failure}`);
  for (const [name, expected] of Object.entries(output)) {
    const value = (actual as Record<string, unknown>)[name];
    if (value !== expected) throw new Error(`${name} is ${String(value)}, not ${expected}`);
  }
}

const verify: Operation = ({ publicKey, message, signature }) =>
  verifySignature(fromHex(publicKey), fromHex(message), fromHex(signature));

const readOrDerive: Operation = async ({ identityKey, username = '', text = '' }, flags) =>
  flags.includes('derive')
    ? { digits: await deriveContactCode({ identityKey: fromHex(identityKey), username }) }
    : parseContactCode(text);

/** Adds a case for each vector. */
export function addVerificationCases(cases: Cases): void {
  const add = (name: string, tests: readonly Vector[], operation: Operation) =>
    cases.describe(name, () => {
      for (const vector of tests) cases.it(vector.id, () => assertVector(vector, operation));
    });
  add('xeddsa', xeddsa.tests, verify);
  add('contact code', contactCode.tests as unknown as readonly Vector[], readOrDerive);
}
