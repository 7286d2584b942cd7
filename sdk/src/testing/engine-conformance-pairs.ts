/** All cases that have two sides, in one list. Knows no case from within. */
import { bundleCases } from './engine-conformance-bundles.js';
import { certificateCases } from './engine-conformance-certificates.js';
import { decryptionErrorCases } from './engine-conformance-decryption-errors.js';
import { groupMessageCases } from './engine-conformance-group-messages.js';
import { groupCases } from './engine-conformance-groups.js';
import { safetyNumberCases } from './engine-conformance-identity.js';
import type { EnginePair } from './engine-conformance-kit.js';
import { lifeCases } from './engine-conformance-lives.js';
import { messageCases } from './engine-conformance-messages.js';
import { preKeyCases } from './engine-conformance-pre-keys.js';
import { sealedMessageCases } from './engine-conformance-sealed-messages.js';
import { sealedSenderCases } from './engine-conformance-sealed-sender.js';
import { sessionCases } from './engine-conformance-sessions.js';
import type { ConformanceRunner } from './runner.js';

/** Declares the cases for one engine that begins and one that answers, which may be the same. */
export function pairCases(runner: ConformanceRunner, pair: EnginePair, seed: number): void {
  runner.describe(pair.name, () => {
    sessionCases(runner, pair, seed);
    lifeCases(runner, pair, seed);
    preKeyCases(runner, pair);
    bundleCases(runner, pair);
    messageCases(runner, pair, seed);
    groupCases(runner, pair, seed);
    groupMessageCases(runner, pair, seed);
    certificateCases(runner, pair);
    sealedSenderCases(runner, pair);
    sealedMessageCases(runner, pair, seed);
    decryptionErrorCases(runner, pair, seed);
    safetyNumberCases(runner, pair);
  });
}
