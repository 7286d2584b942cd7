/**
 * What the protocol says of a message that arrives: a model of one direction, kept from headers alone
 * (spec: double-ratchet 3.2 and 3.4, spqr 4.7). Knows no key and no engine.
 */
import type { Header } from './headers.js';

/** Receiving chains kept. */
const maxChains = 5;
/** Keys of skipped messages kept in a chain. */
const maxSkipped = 2_000;

/** What must become of a message. `lost` is neither a duplicate nor decryptable any more. */
export type Fate = 'decrypts' | 'duplicate' | 'lost';

interface Chain {
  next: number;
  /** Skipped and still there, oldest first. */
  readonly skipped: Set<number>;
}

/** One device's view of what the other sends within one session. */
export class DirectionModel {
  readonly #chains = new Map<string, Chain>();
  readonly #evicted = new Set<string>();
  /** The epoch whose keys the device sends with; older ones than the one before are gone. */
  #sendEpoch = 0;

  /** The device has sent a message: its header shows how far it is. */
  sent({ epoch }: Header): void {
    this.#sendEpoch = Math.max(this.#sendEpoch, epoch - 1);
  }

  /** What must become of a message that arrives now. */
  fateOf({ chain: name, counter, epoch }: Header): Fate {
    if (this.#evicted.has(name)) return 'lost';
    const chain = this.#chains.get(name);
    if (chain && counter < chain.next && !chain.skipped.has(counter)) return 'duplicate';
    return epoch - 1 < this.#sendEpoch - 1 ? 'lost' : 'decrypts';
  }

  /** It was decrypted. */
  decrypted({ chain: name, counter }: Header): void {
    let chain = this.#chains.get(name);
    if (!chain) this.#chains.set(name, (chain = { next: 0, skipped: new Set() }));
    if (counter < chain.next) chain.skipped.delete(counter);
    for (; chain.next <= counter; chain.next += 1) {
      if (chain.next < counter) chain.skipped.add(chain.next);
    }
    for (const skipped of chain.skipped) {
      if (chain.skipped.size <= maxSkipped) break;
      chain.skipped.delete(skipped);
    }
    this.#evict();
  }

  #evict(): void {
    for (const name of this.#chains.keys()) {
      if (this.#chains.size <= maxChains) return;
      this.#chains.delete(name);
      this.#evicted.add(name);
    }
  }
}
