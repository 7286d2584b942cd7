/** The live connections of the test relay: one per device, the newest wins. Knows no accounts behind the devices. */
import {
  socketHandshake,
  type DeviceAddress,
  type SocketGoodbye,
  type SocketOperationName,
} from '../../../wire/index.js';
import type { StreamEvents, StreamSession } from '../../../transport/memory/index.js';
import type { Clock } from '../../../ports/host.js';
import type { RelayTamper } from '../tamper.js';
import type { RelayDevice } from './accounts.js';
import { DeviceStream } from './device-stream.js';
import { Refusal } from './refusal.js';
import type { Wire } from './wire.js';

/** Where a request over a stream comes from. */
export interface StreamSource {
  readonly device: DeviceAddress;
  /** Whether the stream is there still: what arrives after its end came from nobody. */
  readonly isOpen: () => boolean;
}

/** What the gateway needs. */
export interface GatewayParts {
  readonly clock: Clock;
  readonly tamper: () => RelayTamper;
  /** @throws Refusal `unauthorized` */
  readonly authenticate: (accessToken: string) => RelayDevice;
  /** Answers a request over the stream with a reply payload. It rejects when the reply is lost. */
  readonly answer: (operation: SocketOperationName, payload: unknown, from: StreamSource) => Promise<unknown>;
}

/** See the header. */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #streams = new Map<string, DeviceStream>();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Begins a connection; everything happens in later microtasks. */
  connect(handshake: unknown, events: StreamEvents, wire: Wire): StreamSession {
    let stream: DeviceStream | undefined;
    let closed = false;
    queueMicrotask(() => {
      if (closed) return;
      stream = this.#begin(handshake, events, wire);
      stream?.begin(this.#parts.clock.now());
    });
    return {
      request: async (operation, payload) => {
        if (!stream?.open) throw new Error('the connection is gone');
        const source = stream;
        const { address: device } = source.device;
        return this.#parts.answer(operation, payload, { device, isOpen: () => source.open });
      },
      close: () => {
        closed = true;
        stream?.end({ report: false });
      },
    };
  }

  /** A mailbox has something new, or room was made. */
  wake(device: DeviceAddress): void {
    this.find(device)?.wake();
  }

  /** Ends connections without a word, as a network does. */
  cut(fits: (stream: DeviceStream) => boolean): void {
    for (const stream of [...this.#streams.values()]) if (fits(stream)) stream.end({ report: true });
  }

  /** Says why, then ends the connection of a device. */
  dismiss(device: DeviceAddress, reason: SocketGoodbye['reason']): void {
    this.find(device)?.dismiss(reason);
  }

  /** Tells a device that its one-time keys run low, if it is connected. */
  keysLow(device: DeviceAddress): void {
    this.find(device)?.push({ name: 'keys-low', payload: {} });
  }

  find(device: DeviceAddress): DeviceStream | undefined {
    return this.#streams.get(keyOf(device));
  }

  connected(): DeviceAddress[] {
    return [...this.#streams.values()].map(({ device }) => device.address);
  }

  #begin(handshake: unknown, events: StreamEvents, wire: Wire): DeviceStream | undefined {
    if (!wire.plugged) {
      events.ended();
      return undefined;
    }
    try {
      const device = this.#admit(handshake);
      return this.#open(device, events, wire);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      events.refused(error.problem);
      return undefined;
    }
  }

  #admit(handshake: unknown): RelayDevice {
    const parsed = socketHandshake.safeParse(handshake);
    if (!parsed.success) throw new Refusal('invalid-request');
    const device = this.#parts.authenticate(parsed.data.accessToken);
    const problem = this.#parts.tamper().refuseConnection?.(device.address);
    if (problem) throw new Refusal(problem.code, problem);
    return device;
  }

  #open(device: RelayDevice, events: StreamEvents, wire: Wire): DeviceStream {
    const key = keyOf(device.address);
    this.#streams.get(key)?.dismiss('replaced');
    const stream = new DeviceStream({
      device,
      events,
      wire,
      tamper: this.#parts.tamper,
      ended: () => {
        if (this.#streams.get(key) === stream) this.#streams.delete(key);
      },
    });
    this.#streams.set(key, stream);
    return stream;
  }
}

function keyOf({ accountId, deviceId }: DeviceAddress): string {
  return `${accountId}.${deviceId}`;
}
