/** Conversations that libsignal had with this engine, once: every runtime and every provider gives the same again. */
import { describe, expect, it } from 'vitest';
import { portableEngine } from '../../../src/engines/portable/index.js';
import { seededRandom } from '../../../src/testing/index.js';
import { readVectors } from '../../vectors/vector-files.js';
import { replay, type TranscriptDevices, type TranscriptStep } from '../interop/transcript.js';

interface Transcript {
  readonly seed: string;
  readonly devices: TranscriptDevices;
  readonly steps: readonly TranscriptStep[];
}

const { tests } = readVectors('session-transcripts.json');
const transcripts = tests.map(({ id, input }) => [id, input as unknown as Transcript] as const);

describe.each(['platform', 'noble'] as const)(
  'conversations with libsignal, by %s primitives',
  (primitives) => {
    it.each(transcripts)('%s', { timeout: 60_000 }, async (_, { seed, devices, steps }) => {
      const engine = portableEngine({ random: seededRandom(seed), primitives });
      await expect(replay(engine, devices, steps)).resolves.toBeUndefined();
    });
  },
);

describe('a conversation', () => {
  const [, { seed, devices, steps }] = transcripts[0]!;
  const engine = () => portableEngine({ random: seededRandom(seed) });

  it('is not repeated by another stream of randomness', async () => {
    const other = portableEngine({ random: seededRandom('another') });
    await expect(replay(other, devices, steps)).rejects.toThrow('step 3 (encrypt): another ciphertext');
  });

  it('is not repeated where a plaintext is another one', async () => {
    const changed = steps.map((step) =>
      step.call === 'decrypt' && step.text ? { ...step, text: '!' } : step,
    );
    await expect(replay(engine(), devices, changed)).rejects.toThrow(/instead of “!”$/);
  });
});
