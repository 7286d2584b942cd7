/**
 * A TCP proxy that keeps everything that passes, as whoever holds the relay's end of the connection
 * would see it: client frames of a WebSocket are unmasked. Knows nothing of what the bytes mean.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** More than a busy test run produces; beyond it recording would only cost memory. */
const maxRecordedBytes = 512 * 1024 * 1024;

/** A running proxy. */
export interface RecordingProxy {
  readonly url: string;
  /** Everything both sides have sent, frames unmasked. */
  recorded(): Buffer;
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startRecordingProxy(targetPort: number): Promise<RecordingProxy> {
  const chunks: Buffer[] = [];
  let size = 0;
  const record = (bytes: Buffer) => {
    size += bytes.length;
    if (size > maxRecordedBytes) throw new Error('the proxy has recorded more than it was made for');
    chunks.push(Buffer.from(bytes));
  };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const relay = connect(targetPort, '127.0.0.1');
    const unmasker = new FrameUnmasker(record);
    for (const socket of [client, relay]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {
        client.destroy();
        relay.destroy();
      });
    }
    client.on('data', (bytes) => unmasker.take(bytes));
    relay.on('data', record);
    client.pipe(relay).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    recorded: () => Buffer.concat(chunks),
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Passes bytes on as they are until a WebSocket begins, then the payloads of its frames, unmasked (RFC 6455 section 5). */
class FrameUnmasker {
  readonly #record: (bytes: Buffer) => void;
  #buffer = Buffer.alloc(0);
  #upgraded = false;

  constructor(record: (bytes: Buffer) => void) {
    this.#record = record;
  }

  take(bytes: Buffer): void {
    if (!this.#upgraded) {
      this.#record(bytes);
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      this.#lookForUpgrade();
    } else {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
    }
    if (this.#upgraded) this.#takeFrames();
  }

  #lookForUpgrade(): void {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.#upgraded = /^upgrade:\s*websocket/im.test(this.#buffer.subarray(0, end).toString('latin1'));
    // Of an ordinary request nothing has to be kept together.
    this.#buffer = this.#upgraded ? this.#buffer.subarray(end + 4) : Buffer.alloc(0);
  }

  #takeFrames(): void {
    for (let frame = parseFrame(this.#buffer); frame; frame = parseFrame(this.#buffer)) {
      this.#record(frame.payload);
      this.#buffer = this.#buffer.subarray(frame.length);
    }
  }
}

/** The first whole frame of a buffer. */
function parseFrame(buffer: Buffer): { readonly payload: Buffer; readonly length: number } | undefined {
  if (buffer.length < 2) return undefined;
  const second = buffer[1] as number;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = second & 0x80 ? 4 : 0;
  const start = 2 + lengthBytes + maskBytes;
  if (buffer.length < start) return undefined;
  const size =
    lengthBytes === 0
      ? short
      : lengthBytes === 2
        ? buffer.readUInt16BE(2)
        : Number(buffer.readBigUInt64BE(2));
  if (buffer.length < start + size) return undefined;
  const payload = Buffer.from(buffer.subarray(start, start + size));
  const mask = buffer.subarray(start - maskBytes, start);
  if (maskBytes > 0)
    for (let i = 0; i < size; i += 1) payload[i] = (payload[i] as number) ^ (mask[i % 4] as number);
  return { payload, length: start + size };
}
