/** An engine that writes down what it was asked and what it answered. Knows no particular engine. */
import { isSottoError } from '../../../src/errors.js';
import type { ProtocolEngine } from '../../../src/ports/index.js';
import { digestOf, type TranscriptStep } from './transcript.js';

const text = new TextDecoder();

/** The engine, and the steps of a conversation that it had so far. */
export interface RecordedEngine {
  readonly engine: ProtocolEngine;
  readonly steps: readonly TranscriptStep[];
}

/** Records an engine that serves one device in one conversation. */
export function recordedEngine(inner: ProtocolEngine): RecordedEngine {
  const steps: TranscriptStep[] = [];
  const engine: ProtocolEngine = {
    ...inner,
    generatePreKeys: async (input) => {
      const { our: _our, now: _now, ...ids } = input;
      steps.push({ call: 'pre-keys', ids });
      return inner.generatePreKeys(input);
    },
    startSession: async (view, input) => {
      steps.push({ call: 'start', bundle: input.bundle });
      return inner.startSession(view, input);
    },
    archiveSession: async (view, their) => {
      steps.push({ call: 'archive' });
      return inner.archiveSession(view, their);
    },
    encrypt: async (view, input) => {
      const step = await inner.encrypt(view, input);
      const { kind, ciphertext } = step.result;
      steps.push({ call: 'encrypt', text: text.decode(input.plaintext), kind, digest: digestOf(ciphertext) });
      return step;
    },
    decrypt: async (view, input) => {
      const received = { call: 'decrypt', kind: input.kind, ciphertext: input.ciphertext } as const;
      try {
        const step = await inner.decrypt(view, input);
        steps.push({ ...received, text: text.decode(step.result.plaintext) });
        return step;
      } catch (error) {
        if (isSottoError(error)) steps.push({ ...received, failure: error.code });
        throw error;
      }
    },
  };
  return { engine, steps };
}
