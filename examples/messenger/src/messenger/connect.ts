/**
 * Opens the messenger of this browser, in a worker of its own. The one place of the page that knows where it
 * runs; everything else sees the interface `Messenger`.
 */
import { SottoError } from '@sotto/sdk';
import { connectMessenger, type RemoteMessenger } from '@sotto/sdk/remote';
import type { OpeningAnswer, OpeningRequest } from './opening.js';
import { nativeStorageKey } from './native-key.js';

/** A messenger, and how to end the worker that it lives in. */
export interface OpenMessenger {
  readonly messenger: RemoteMessenger;
  /** Calls a listener whenever another tab has taken the messenger over, or this one has. */
  onMoved(listener: () => void): void;
  /** Ends the worker at once. What was committed is kept, as after any crash. */
  end(): void;
}

function answerOf(worker: Worker): Promise<OpeningAnswer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<OpeningAnswer>) => resolve(data);
    worker.onerror = () => reject(new Error('the worker cannot be loaded'));
  });
}

function onMoved(worker: Worker) {
  return (listener: () => void) => {
    worker.onmessage = ({ data }: MessageEvent<OpeningAnswer>) => {
      if (data.kind === 'moved') listener();
    };
  };
}

/** @throws SottoError as the storage's `acquire` does */
export async function openMessenger(): Promise<OpenMessenger> {
  const storageKey = await nativeStorageKey();
  const worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module', name: 'messenger' });
  try {
    const { port1, port2 } = new MessageChannel();
    const request: OpeningRequest = { port: port2, relayOrigin: location.origin, storageKey };
    worker.postMessage(request, [port2]);
    const answer = await answerOf(worker);
    if (answer.kind === 'failed') {
      throw answer.code ? new SottoError(answer.code) : new Error('the messenger cannot be opened');
    }
    return {
      messenger: await connectMessenger(port1),
      onMoved: onMoved(worker),
      end: () => worker.terminate(),
    };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
