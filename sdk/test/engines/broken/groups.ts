/** Engines that are wrong about groups and decryption errors, in one way each. */
import { SottoError } from '../../../src/errors.js';
import type { EngineStep, EngineView } from '../../../src/ports/index.js';
import { instead, type Breakage } from './breakage.js';

const nothing: EngineView = { get: (keys) => Promise.resolve(keys.map(() => undefined)) };

async function unchanged<Result>(step: Promise<EngineStep<Result>>): Promise<EngineStep<Result>> {
  return { ...(await step), changes: [] };
}

/** Of groups. */
export const groupBreakages: readonly Breakage[] = [
  [
    'reads group messages as often as they come',
    'take messages in any order, and each of them once (seed 1)',
    (good) => ({ decryptFromGroup: (view, input) => unchanged(good.decryptFromGroup(view, input)) }),
  ],
  [
    'says of a repeated group message that it is a false one',
    'take messages in any order, and each of them once (seed 1)',
    (good) => ({
      decryptFromGroup: (view, input) =>
        instead('duplicate-message', good.decryptFromGroup(view, input), () => {
          throw new SottoError('invalid-message');
        }),
    }),
  ],
  [
    'makes a new sender key for every distribution',
    'keep their key when it is distributed again',
    (good) => ({
      createSenderKeyDistribution: (_view, input) => good.createSenderKeyDistribution(nothing, input),
    }),
  ],
  [
    'gives late joiners the beginning of the chain',
    'let late joiners read what follows, not what was before',
    (good) => {
      let first: Uint8Array | undefined;
      return {
        createSenderKeyDistribution: async (view, input) => {
          const step = await good.createSenderKeyDistribution(view, input);
          first ??= step.result;
          return { ...step, result: first };
        },
      };
    },
  ],
  [
    'sets a sender key back when its distribution comes again',
    'keep a key where it is when a known distribution comes again',
    (good) => ({
      processSenderKeyDistribution: (_view, input) => good.processSenderKeyDistribution(nothing, input),
    }),
  ],
  [
    'takes one device of a sender for another',
    'groups > are refused without the key',
    (good) => ({
      decryptFromGroup: (view, { sender, ciphertext }) => {
        const deviceId = 1 as typeof sender.deviceId;
        return good.decryptFromGroup(view, { sender: { ...sender, deviceId }, ciphertext });
      },
    }),
  ],
  [
    'keeps a sender key that it should forget',
    'get a new key after the old one was removed',
    (good) => ({ removeSenderKey: (view, input) => unchanged(good.removeSenderKey(view, input)) }),
  ],
  [
    'takes a false group message for an empty one',
    'hostile group messages > with any byte flipped are refused, nothing changes',
    (good) => ({
      decryptFromGroup: (view, input) =>
        instead('invalid-message', good.decryptFromGroup(view, input), () => ({
          result: { distributionId: '', plaintext: new Uint8Array() },
          changes: [],
        })),
    }),
  ],
  [
    'shows what it could not decrypt',
    'hostile group messages > show no secret in their errors',
    (good) => ({
      decryptFromGroup: (view, input) =>
        instead('invalid-message', good.decryptFromGroup(view, input), () => {
          const cause = new Error(`refused ${input.ciphertext.join(',')}`);
          throw new SottoError('invalid-message', { cause });
        }),
    }),
  ],
  [
    'takes a malformed distribution for nothing',
    'hostile distributions > are refused when malformed, nothing changes',
    (good) => ({
      processSenderKeyDistribution: (view, input) =>
        instead('invalid-message', good.processSenderKeyDistribution(view, input), () => ({
          result: '',
          changes: [],
        })),
    }),
  ],
  [
    'takes damaged sender keys for none',
    'sender keys > are refused from damaged or foreign records (seed 1)',
    (good) => ({
      decryptFromGroup: (view, input) =>
        instead('engine-record-invalid', good.decryptFromGroup(view, input), () =>
          good.decryptFromGroup(nothing, input),
        ),
    }),
  ],
  [
    'never lets go of a sender key',
    'sender keys > are remembered five to a sender',
    (good) => {
      const earlier: EngineView[] = [];
      return {
        processSenderKeyDistribution: async (view, input) => {
          const step = await good.processSenderKeyDistribution(view, input);
          const records = new Map<string, Uint8Array | undefined>();
          for (const { key } of step.changes) records.set(key, (await view.get([key]))[0]);
          earlier.push({ get: (keys) => Promise.resolve(keys.map((key) => records.get(key))) });
          return step;
        },
        decryptFromGroup: (view, input) =>
          earlier.reduceRight(
            (step, before) => instead('no-sender-key', step, () => good.decryptFromGroup(before, input)),
            good.decryptFromGroup(view, input),
          ),
      };
    },
  ],
];

/** Of decryption errors. */
export const decryptionErrorBreakages: readonly Breakage[] = [
  [
    'does not say which chain was lost',
    'name the ratchet key of what was lost',
    (good) => ({
      parseDecryptionError: async (content) => {
        const { ratchetKey: _, ...rest } = await good.parseDecryptionError(content);
        return rest;
      },
    }),
  ],
  [
    'counts in seconds',
    'decryption errors > have the bytes of the protocol',
    (good) => ({
      createDecryptionError: (input) =>
        good.createDecryptionError({ ...input, sentAt: Math.floor(input.sentAt / 1000) }),
      parseDecryptionError: async (content) => {
        const read = await good.parseDecryptionError(content);
        return { ...read, sentAt: read.sentAt * 1000 };
      },
    }),
  ],
  [
    'reports what is no message',
    'decryption errors > are not made of what is no message',
    (good) => ({
      createDecryptionError: (input) =>
        instead('invalid-message', good.createDecryptionError(input), () =>
          good.createDecryptionError({ ...input, kind: 'sender-key' }),
        ),
    }),
  ],
  [
    'takes every ratchet key for the current one',
    'are told from those about earlier chains and sessions',
    (good) => ({
      currentRatchetKeyMatches: async (view, their) => (await good.sessionState(view, their, 0)).usable,
    }),
  ],
  [
    'reads a report that says nothing',
    'decryption errors > are refused when malformed (seed 1)',
    (good) => ({
      parseDecryptionError: (content) =>
        instead('invalid-message', good.parseDecryptionError(content), () => ({ sentAt: 0, deviceId: 0 })),
    }),
  ],
];
