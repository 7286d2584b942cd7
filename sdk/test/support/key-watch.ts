/** Watches everything that is sent: no message key may ever encrypt two messages. */
import assert from 'node:assert/strict';
import type { RelayCall } from '../../src/testing/network/tamper.js';
import { toBase64Url } from '../../src/wire/index.js';
import { messageKeyOf } from './ciphertext-fields.js';

/** See the header. Call {@link KeyWatch.see} with every call that reaches the relay. */
export class KeyWatch {
  readonly #ciphertexts = new Map<string, string>();

  /** How many message keys were seen in use. */
  get keyCount(): number {
    return this.#ciphertexts.size;
  }

  see(call: RelayCall): void {
    if (call.operation !== 'send') return;
    for (const { kind, ciphertext } of call.request.bodies) {
      const key = messageKeyOf(kind, ciphertext);
      const bytes = toBase64Url(ciphertext);
      assert.ok(bytes === (this.#ciphertexts.get(key) ?? bytes), `message key ${key} used twice`);
      this.#ciphertexts.set(key, bytes);
    }
  }
}
