/** What runs in a page and in a worker: every browser-safe entry point, used for what it is for. */
import * as sotto from '@sotto/sdk';
import * as memory from '@sotto/sdk/storage/memory';
import * as testing from '@sotto/sdk/testing';
import * as memoryTransport from '@sotto/sdk/transport/memory';
import * as socketIo from '@sotto/sdk/transport/socket-io';
import * as verification from '@sotto/sdk/verification';
import * as wire from '@sotto/sdk/wire';
import { Cases, type CaseResult } from './cases.js';
import { addVerificationCases } from './verification-cases.js';

const entries = { sotto, wire, verification, memory, memoryTransport, socketIo, testing };

/** Runs all cases. */
export async function runSuite(): Promise<CaseResult[]> {
  const cases = new Cases();
  cases.describe('entry points', () => {
    for (const [name, entry] of Object.entries(entries))
      cases.it(`${name} exports something`, () => {
        if (Object.keys(entry).length === 0) throw new Error('exports nothing');
      });
    cases.it('share one SottoError', () => {
      if (verification.SottoError !== sotto.SottoError) throw new Error('two classes');
    });
  });
  addVerificationCases(cases);
  testing.runStorageConformance(cases, {
    name: 'memory',
    createMedium: () => {
      const medium = memory.createMemoryMedium();
      return { open: () => memory.memoryStorage({ medium }) };
    },
    supports: { concurrentAdapters: true },
  });
  return cases.run();
}
