/**
 * Who leads, by the platform's locks: one holds the lock, the others stand in line, and one of them takes it from a
 * holder that gives no sign. Knows no messenger.
 */
import type { Clock } from '../ports/host.js';

/** What is used of `navigator.locks`. */
export interface ShareLocks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean; readonly ifAvailable?: boolean },
    callback: (lock: unknown) => Promise<void>,
  ): Promise<unknown>;
}

/** Who has asked in vain so often for the right to take the lock finds its holder frozen too. */
const maxDenials = 3;

/** One tab's place. */
export class Seat {
  readonly #locks: ShareLocks;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #lead: (stolen: boolean) => Promise<void>;
  readonly #onStolen: () => void;
  #line: AbortController | undefined;
  #denials = 0;
  #closed = false;

  /** @param parts - `lead` resolves when the tab gives the lock back; `onStolen` tells that it lost it before */
  constructor(parts: {
    locks: ShareLocks;
    clock: Clock;
    name: string;
    lead: (stolen: boolean) => Promise<void>;
    onStolen: () => void;
  }) {
    this.#locks = parts.locks;
    this.#clock = parts.clock;
    this.#name = parts.name;
    this.#lead = parts.lead;
    this.#onStolen = parts.onStolen;
  }

  /** Stands in line, unless it does: leads as soon as nobody does. */
  standInLine(): void {
    if (this.#line || this.#closed) return;
    const line = (this.#line = new AbortController());
    void this.#occupy({ signal: line.signal }, false, line);
  }

  /**
   * Takes the lock from its holder, unless another is about to.
   * @param isAlive - asked once more before it is taken, after so long
   * @param opened - resolves when whoever took it gives signs itself
   */
  async take(
    { isAlive, afterMs }: { readonly isAlive: () => boolean; readonly afterMs: number },
    opened: () => Promise<void>,
  ): Promise<void> {
    const since = this.#clock.monotonicNow();
    // Whoever takes the right from its holder for want of a sign ends up here too, and so on: one at a time.
    const options = this.#denials >= maxDenials ? { steal: true } : { ifAvailable: true };
    const claim = this.#locks.request(`${this.#name}/claim`, options, async (right) => {
      this.#denials = right ? 0 : this.#denials + 1;
      if (!right || this.#closed) return;
      const leftMs = since + afterMs - this.#clock.monotonicNow();
      await new Promise<void>((resolve) => this.#clock.schedule(Math.max(0, leftMs), resolve));
      if (isAlive() || this.#closed) return;
      this.#line?.abort();
      void this.#occupy({ steal: true }, true, undefined);
      await opened();
    });
    await claim.catch(() => undefined);
  }

  /** Stands in no line any more. */
  leave(): void {
    this.#closed = true;
    this.#line?.abort();
  }

  async #occupy(
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    stolen: boolean,
    line: AbortController | undefined,
  ): Promise<void> {
    let isLeading = false;
    try {
      await this.#locks.request(this.#name, options, async () => {
        if (this.#line === line) this.#line = undefined;
        if (this.#closed) return;
        isLeading = true;
        await this.#lead(stolen);
        isLeading = false;
      });
    } catch {
      // Somebody took it, or it is no longer wanted.
      if (isLeading) this.#onStolen();
    } finally {
      if (this.#line === line) this.#line = undefined;
    }
  }
}
