/** Engines that are wrong about sessions and pre-keys, in one way each. */
import type { EngineChange, EngineView } from '../../../src/ports/index.js';
import type { Breakage } from './breakage.js';

const withChanges =
  (edit: (changes: readonly EngineChange[]) => readonly EngineChange[]) =>
  async <Step extends { readonly changes: readonly EngineChange[] }>(step: Promise<Step>): Promise<Step> => {
    const done = await step;
    return { ...done, changes: edit(done.changes) };
  };

const keepsUsedKeys = withChanges((changes) => changes.filter(({ value }) => value !== undefined));
const forgetsUses = withChanges((changes) =>
  changes.filter(({ key }) => !key.startsWith('kem-pre-key-uses/')),
);

/** What is wrong, which case must see it, and how. */
export const sessionBreakages: readonly Breakage[] = [
  [
    'keeps one-time keys after use',
    'are used up in the same changes as the session that used them',
    (good) => ({ decrypt: (view, input) => keepsUsedKeys(good.decrypt(view, input)) }),
  ],
  [
    'does not remember who used the last-resort key',
    'of last resort serve many, and none of them twice',
    (good) => ({ decrypt: (view, input) => forgetsUses(good.decrypt(view, input)) }),
  ],
  [
    'ignores the pin when it starts a session',
    'stop a session with another key',
    (good) => ({
      startSession: (view, { pinnedIdentityKey: _, ...input }) => good.startSession(view, input),
    }),
  ],
  [
    'ignores the pin when it decrypts',
    'stop encryption and decryption under another key',
    (good) => ({ decrypt: (view, { pinnedIdentityKey: _, ...input }) => good.decrypt(view, input) }),
  ],
  [
    'starts nothing, silently, from a bad bundle',
    'with a bad signature start nothing',
    (good) => ({
      startSession: (view, input) =>
        good.startSession(view, input).catch(() => ({ result: undefined, changes: [] })),
    }),
  ],
  [
    'touches a record when it fails',
    'next message of a chain: every byte flipped, nothing changes',
    (good) => ({
      decrypt: (view, input) =>
        good.decrypt(view, input).catch(async (error: unknown) => {
          const [record] = await view.get([`session/${input.their.accountId}.${input.their.deviceId}`]);
          record?.fill(0, -1);
          throw error;
        }),
    }),
  ],
  [
    'reports the wrong identity key',
    'carry a first message, an answer and what follows',
    (good) => ({
      decrypt: async (view, input) => {
        const step = await good.decrypt(view, input);
        return { ...step, result: { ...step.result, identityKey: input.our.identity.publicKey } };
      },
    }),
  ],
  [
    'keeps sessions to itself between steps',
    'sessions > are stepped by pure functions of the view',
    (good) => {
      const own = new Map<string, Uint8Array | undefined>();
      return {
        decrypt: async (view, input) => {
          const cached: EngineView = {
            get: async (keys) => {
              const values = await view.get(keys);
              return keys.map((key, index) => (own.has(key) ? own.get(key) : values[index]));
            },
          };
          const step = await good.decrypt(cached, input);
          for (const { key, value } of step.changes) own.set(key, value);
          return step;
        },
      };
    },
  ],
  [
    'takes damaged records for bad messages',
    'of sessions are refused when damaged or foreign (seed 1)',
    (good) => ({
      decrypt: (view, input) =>
        good
          .decrypt({ get: async (keys) => (await view.get(keys)).map((record) => record?.slice()) }, input)
          .catch(async (error: unknown) => {
            if ((error as { code?: string }).code !== 'engine-record-invalid') throw error;
            return good.decrypt({ get: async (keys) => keys.map(() => undefined) }, input);
          }),
    }),
  ],
  [
    'hides why the view failed',
    'records > that cannot be read fail the step with the view’s own error',
    (good) => ({
      encrypt: (view, input) =>
        good.encrypt({ get: (keys) => view.get(keys).catch(() => keys.map(() => undefined)) }, input),
    }),
  ],
  [
    'throws archived sessions away',
    'in which sessions come and go deliver exactly once (seed 1)',
    (good) => ({ archiveSession: (view, their) => good.removeSession(view, their) }),
  ],
  [
    'takes every scanned code for the right one',
    'are one and the same on both sides',
    () => ({ compareScannable: () => Promise.resolve() }),
  ],
];
