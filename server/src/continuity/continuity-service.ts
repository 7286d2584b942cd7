/**
 * Tells a device whether the state it shows goes on from what the relay has seen of it. The relay keeps
 * hashes of the random bytes it gives out. Knows no socket and no SQL.
 */
import { hash } from 'node:crypto';
import { continuityAfter, judgeContinuity, type KnownContinuity } from '@sotto/sdk/verification';
import type { DeviceAddress, ResumeRequest, ResumeResponse } from '@sotto/sdk/wire';
import { ProblemError, type RandomBytes } from '../ports.js';
import type { ContinuityStore } from './continuity-store.js';

const continuationBytes = 16;

/** See the file's header. */
export interface ContinuityService {
  /** @throws ProblemError `unauthorized` when the device is gone */
  resume(device: DeviceAddress, shown: ResumeRequest): Promise<ResumeResponse>;
}

/** See {@link ContinuityService}. */
export function createContinuityService(store: ContinuityStore, random: RandomBytes): ContinuityService {
  return {
    async resume(device, { generation, storeSeq, continuation }) {
      const given = random(continuationBytes);
      const shown = { generation, storeSeq, continuation: continuation && sha256(continuation) };
      let answer: ResumeResponse | undefined;
      const found = await store.replace(device, (known) => {
        const next = continuityAfter(known, shown, sha256(given));
        answer = answerFor(judgeContinuity(known, shown), next, given);
        return next;
      });
      if (!found || !answer) throw new ProblemError('unauthorized');
      return answer;
    },
  };
}

function answerFor(
  verdict: ResumeResponse['verdict'],
  { generation, storeSeq }: KnownContinuity,
  given: Uint8Array,
): ResumeResponse {
  return { verdict, generation, storeSeq, continuation: new Uint8Array(given) };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}
