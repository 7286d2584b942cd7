/** Bytes that must not be shown. Knows nothing of what they are for. */

const redacted = '[redacted]';

/**
 * Secret bytes. However it is printed, logged, serialised or inspected, it shows `[redacted]`.
 * Whoever holds it owns it; `wipe` overwrites the bytes, as far as a JavaScript engine lets one.
 */
export class Secret {
  readonly #bytes: Uint8Array;

  /** @param bytes - kept, not copied: the caller gives them away */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes themselves, not a copy. Do not keep, log or send them. */
  expose(): Uint8Array {
    return this.#bytes;
  }

  /** Overwrites the bytes with zeros. */
  wipe(): void {
    this.#bytes.fill(0);
  }

  /** @returns `[redacted]` */
  toString(): string {
    return redacted;
  }

  /** @returns `[redacted]` */
  toJSON(): string {
    return redacted;
  }

  /** Node's `util.inspect` and `console.log` end here. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}
