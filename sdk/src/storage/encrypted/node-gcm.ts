/**
 * AES-256-GCM by Node's own functions, which do a small record in a third of the time that WebCrypto takes there: it
 * has a task of its own for each. Asked for by name and never imported: a bundle for browsers must not name a
 * built-in. Knows no record.
 */
const cipherName = 'aes-256-gcm';
const tagBytes = 16;

interface NodeCipher {
  setAAD(associated: Uint8Array): void;
  update(bytes: Uint8Array): Uint8Array;
  final(): Uint8Array;
  getAuthTag(): Uint8Array;
  setAuthTag(tag: Uint8Array): void;
}

interface NodeCrypto {
  createSecretKey(bytes: Uint8Array): object;
  createCipheriv(name: typeof cipherName, key: object, iv: Uint8Array): NodeCipher;
  createDecipheriv(
    name: typeof cipherName,
    key: object,
    iv: Uint8Array,
    options: { readonly authTagLength: number },
  ): NodeCipher;
}

interface ProcessWithBuiltins {
  getBuiltinModule?(name: string): NodeCrypto | undefined;
}

/** One key of 256 bits, in a form that gives its bytes to no script. */
export class NodeGcmKey {
  readonly #crypto: NodeCrypto;
  readonly #key: object;

  private constructor(crypto: NodeCrypto, key: object) {
    this.#crypto = crypto;
    this.#key = key;
  }

  /** @param bytes - 32, copied before this returns @returns `undefined` where Node's functions are not there */
  static from(bytes: Uint8Array): NodeGcmKey | undefined {
    const { process } = globalThis as { process?: ProcessWithBuiltins };
    const crypto = process?.getBuiltinModule?.('node:crypto');
    // Other platforms have the module and not all of its functions.
    if (typeof crypto?.createSecretKey !== 'function' || typeof crypto.createDecipheriv !== 'function') {
      return undefined;
    }
    return new NodeGcmKey(crypto, crypto.createSecretKey(bytes));
  }

  /** @returns ciphertext and tag, each in a view of its own */
  seal(iv: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): [Uint8Array, Uint8Array] {
    const cipher = this.#crypto.createCipheriv(cipherName, this.#key, iv);
    cipher.setAAD(associated);
    const ciphertext = cipher.update(plaintext);
    // GCM keeps nothing back for the end.
    cipher.final();
    return [ciphertext, cipher.getAuthTag()];
  }

  /** @returns the plaintext in a buffer of its own; `undefined` where a bit has changed */
  open(iv: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const decipher = this.#crypto.createDecipheriv(cipherName, this.#key, iv, { authTagLength: tagBytes });
    const end = sealed.length - tagBytes;
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return new Uint8Array(plaintext);
  }
}
