/**
 * The portable engine and a transport that tell which keys were used: the hash of each key that a message was
 * encrypted with goes with the hash of what it encrypted, before that leaves. Never a key.
 */
import type { ProtocolEngine, Transport } from '@sotto/sdk';
import type { SendRequest } from '@sotto/sdk/wire';
import { engineOver } from '../../../sdk/src/engines/portable/engine.js';
import { platformPrimitives } from '../../../sdk/src/engines/portable/primitives/platform.js';
import { systemRandom } from '../../../sdk/src/host.js';
import { messageBodyOf, messageKeyOf } from '../../../sdk/test/support/ciphertext-fields.js';

/** Takes a line, and resolves when it is written down where no tab can take it along. */
export type Report = (line: string) => Promise<void>;

async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** An engine, and the wrapper for the transport that goes with it. */
export function watchedEngine(report: Report): {
  readonly engine: ProtocolEngine;
  readonly watched: (transport: Transport) => Transport;
} {
  const primitives = platformPrimitives(systemRandom);
  /** By the hash of what was encrypted, the hash of the key. */
  const keys = new Map<string, string>();
  const engine = engineOver({
    ...primitives,
    ciphers: {
      ...primitives.ciphers,
      aesCbcEncrypt: async (key, iv, plaintext) => {
        const ciphertext = await primitives.ciphers.aesCbcEncrypt(key, iv, plaintext);
        const joined = new Uint8Array([...key, ...iv]);
        keys.set(await hashOf(ciphertext), await hashOf(joined));
        return ciphertext;
      },
    },
  });
  const reportKeys = async ({ bodies }: SendRequest) => {
    for (const { kind, ciphertext } of bodies) {
      const body = await hashOf(messageBodyOf(kind, ciphertext));
      await report(
        `key ${messageKeyOf(kind, ciphertext).replace(' ', '/')} ${body} ${keys.get(body) ?? '-'}`,
      );
    }
  };
  const watched = (transport: Transport): Transport => ({
    relayOrigin: transport.relayOrigin,
    request: (...input) => transport.request(...input),
    open: async (handlers) => {
      const connection = await transport.open(handlers);
      return {
        resume: (request) => connection.resume(request),
        acknowledge: (request) => connection.acknowledge(request),
        close: () => connection.close(),
        send: async (request) => {
          await reportKeys(request);
          return connection.send(request);
        },
      };
    },
    close: () => transport.close(),
  });
  return { engine, watched };
}
