/** One device's connection at the test relay: what waits first, then `caught-up`, then what comes. */
import type { StreamEvents } from '../../../transport/memory/index.js';
import { wireLimits, type EnvelopeId, type SocketGoodbye } from '../../../wire/index.js';
import type { RelayPush, RelayTamper } from '../tamper.js';
import type { RelayDevice } from './accounts.js';
import type { Wire } from './wire.js';

/** What a stream needs. */
export interface DeviceStreamParts {
  readonly device: RelayDevice;
  readonly events: StreamEvents;
  readonly wire: Wire;
  readonly tamper: () => RelayTamper;
  /** Called once when the connection is over. */
  readonly ended: () => void;
}

/** See the header. */
export class DeviceStream {
  readonly #parts: DeviceStreamParts;
  readonly #inFlight = new Set<EnvelopeId>();
  /** Everything up to this place waited when the connection came up. */
  readonly #backfillEnd: number;
  #cursor = 0;
  #caughtUp = false;
  #scheduled = false;
  #open = true;
  /** The client hung up: it hears nothing more. */
  #muted = false;

  constructor(parts: DeviceStreamParts) {
    this.#parts = parts;
    this.#backfillEnd = parts.device.mailbox.lastSeq;
  }

  get device(): RelayDevice {
    return this.#parts.device;
  }

  get wire(): Wire {
    return this.#parts.wire;
  }

  get open(): boolean {
    return this.#open;
  }

  begin(relayTime: number): void {
    this.push({ name: 'ready', payload: { relayTime } });
    this.wake();
  }

  /** Delivers in a later microtask what there is to deliver. */
  wake(): void {
    if (this.#scheduled || !this.#open) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  acknowledged(ids: readonly EnvelopeId[]): void {
    for (const id of ids) this.#inFlight.delete(id);
    this.wake();
  }

  push(push: RelayPush): void {
    const { tamper, device, events } = this.#parts;
    const pushes = tamper().push?.(push, device.address) ?? [push];
    for (const { name, payload } of pushes) {
      this.#tell(() => {
        events.event(name, payload);
      });
    }
  }

  dismiss(reason: SocketGoodbye['reason']): void {
    this.push({ name: 'goodbye', payload: { reason } });
    this.end({ report: true });
  }

  /** @param options - `report` tells the client, as a broken connection does */
  end({ report }: { readonly report: boolean }): void {
    if (!report) this.#muted = true;
    if (!this.#open) return;
    this.#open = false;
    this.#parts.ended();
    this.#tell(() => {
      this.#parts.events.ended();
    });
  }

  /** In a microtask of its own, so that no client runs inside the relay; in the order of the calls. */
  #tell(report: () => void): void {
    queueMicrotask(() => {
      if (!this.#muted) report();
    });
  }

  #deliver(): void {
    while (this.#open && this.#deliverPage());
    if (!this.#open || this.#caughtUp || this.#backfillWaits()) return;
    this.#caughtUp = true;
    this.push({ name: 'caught-up', payload: {} });
  }

  /** @returns whether there may be more */
  #deliverPage(): boolean {
    const { device, tamper } = this.#parts;
    const room = wireLimits.maxEnvelopesInFlight - this.#inFlight.size;
    const page = device.mailbox.page(this.#cursor, Math.min(room, wireLimits.maxEnvelopesPerPage));
    const last = page.at(-1);
    if (!last) return false;
    this.#cursor = last.seq;
    const honest = page.map(({ envelope }) => envelope);
    for (const { id } of honest) this.#inFlight.add(id);
    const envelopes = tamper().envelopes?.(honest, device.address) ?? honest;
    if (envelopes.length > 0) this.push({ name: 'envelopes', payload: { envelopes } });
    return true;
  }

  #backfillWaits(): boolean {
    const [next] = this.#parts.device.mailbox.page(this.#cursor, 1);
    return next !== undefined && next.seq <= this.#backfillEnd;
  }
}
