/** Random tokens that stand for something for a while. They are kept as they are: this is a relay for tests. */
import type { Clock, Random } from '../../../ports/host.js';
import { toBase64Url } from '../../../wire/index.js';

/** The oldest go first beyond this. */
const maxTokens = 100_000;

/** Tokens of one kind and lifetime. */
export class ExpiringTokens<Value> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly ttlMs: number;
  // In the order of issue, which is the order of expiry.
  readonly #values = new Map<string, { readonly value: Value; readonly expiresAt: number }>();

  constructor(host: { clock: Clock; random: Random }, ttlMs: number) {
    this.#clock = host.clock;
    this.#random = host.random;
    this.ttlMs = ttlMs;
  }

  /** @returns 32 random bytes in base64url */
  issue(value: Value): string {
    const now = this.#clock.now();
    for (const [token, { expiresAt }] of this.#values) {
      if (expiresAt > now && this.#values.size < maxTokens) break;
      this.#values.delete(token);
    }
    const token = toBase64Url(this.#random.bytes(32));
    this.#values.set(token, { value, expiresAt: now + this.ttlMs });
    return token;
  }

  find(token: string): Value | undefined {
    const found = this.#values.get(token);
    return found && found.expiresAt > this.#clock.now() ? found.value : undefined;
  }

  /** Finds it for the last time. */
  take(token: string): Value | undefined {
    const value = this.find(token);
    this.#values.delete(token);
    return value;
  }

  /** Forgets all that fit. */
  revoke(fits: (value: Value) => boolean): void {
    for (const [token, { value }] of this.#values) if (fits(value)) this.#values.delete(token);
  }
}
