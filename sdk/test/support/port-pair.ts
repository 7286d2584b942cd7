/**
 * Two ports in one realm: what goes in at one comes out at the other as a structured clone, a microtask later and
 * in order. Nothing but microtasks, so that a test world sees when it has settled. What is said can be watched,
 * held back and made up.
 */
import type { WebRemotePort } from '../../src/remote/index.js';

type Listener = Parameters<WebRemotePort['addEventListener']>[1];

/** See the header. */
export class TestPort implements WebRemotePort {
  /** Everything that was posted here, as it arrives at the other side. */
  readonly posted: unknown[] = [];
  /** Whether what is posted here is kept from arriving. */
  held = false;
  other: TestPort | undefined;
  readonly #listeners = new Map<string, Set<Listener>>();

  postMessage(message: unknown): void {
    const data: unknown = structuredClone(message);
    this.posted.push(data);
    const { other } = this;
    if (!this.held && other) queueMicrotask(() => other.emit({ type: 'message', data }));
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  /** The port ends, at both sides. */
  end(): void {
    for (const port of [this, this.other]) port?.emit({ type: 'close' });
    if (this.other) this.other.other = undefined;
    this.other = undefined;
  }

  /** Something arrives, from wherever. */
  emit(event: { type: string; data?: unknown }): void {
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) listener(event);
  }

  /** How many listen. */
  get listenerCount(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** Makes both. */
export function portPair(): { readonly here: TestPort; readonly there: TestPort } {
  const here = new TestPort();
  const there = new TestPort();
  here.other = there;
  there.other = here;
  return { here, there };
}
