/**
 * A websocket client that costs next to nothing, so that a bench measures the server: frames are put
 * together by hand and masked with zeros, and everything said in one go is one write. Trusts its server.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** What a client hears. */
export interface WebSocketEvents {
  text(message: string): void;
  binary(message: Buffer): void;
  closed(): void;
}

const finalBit = 0x80;
const maskBit = 0x80;
const opcodes = { text: 1, binary: 2, close: 8 } as const;
const maskBytes = 4;

function headerOf(opcode: number, length: number): Buffer {
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  // The mask stays zero, which leaves the payload as it is.
  const header = Buffer.alloc(2 + extra + maskBytes);
  header[0] = finalBit | opcode;
  header[1] = maskBit | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) header.writeUInt16BE(length, 2);
  if (extra === 8) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

/** Frames that can be sent as they are, again and again. */
export function frame(payload: string | Uint8Array): Buffer {
  const text = typeof payload === 'string';
  const bytes = text ? Buffer.from(payload) : payload;
  return Buffer.concat([headerOf(text ? opcodes.text : opcodes.binary, bytes.length), bytes]);
}

interface Header {
  readonly opcode: number;
  readonly start: number;
  readonly end: number;
}

function readHeader(bytes: Buffer, at: number): Header | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = (bytes[at + 1] as number) & 0x7f;
  const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
  const start = at + 2 + extra;
  if (bytes.length < start) return undefined;
  const length =
    extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  return bytes.length < start + length
    ? undefined
    : { opcode: (bytes[at] as number) & 0x0f, start, end: start + length };
}

/** See the header. */
export class RawWebSocket {
  readonly #socket: Socket;
  readonly #events: WebSocketEvents;
  #rest: Buffer = Buffer.alloc(0);
  #upgraded = false;

  /** @param url - `http://host:port` */
  constructor(url: string, path: string, events: WebSocketEvents) {
    const { hostname, port } = new URL(url);
    this.#events = events;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('close', () => events.closed());
    this.#socket.on('error', () => {});
  }

  /** Sends frames made by {@link frame}. */
  send(frames: Buffer): void {
    this.#socket.write(frames);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = this.#upgraded ? 0 : this.#upgrade();
    for (let header = readHeader(this.#rest, at); header; header = readHeader(this.#rest, at)) {
      const payload = this.#rest.subarray(header.start, header.end);
      at = header.end;
      if (header.opcode === opcodes.text) this.#events.text(payload.toString());
      else if (header.opcode === opcodes.binary) this.#events.binary(payload);
      else if (header.opcode === opcodes.close) this.close();
    }
    this.#rest = this.#rest.subarray(at);
  }

  #upgrade(): number {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end < 0) return this.#rest.length;
    const status = this.#rest.subarray(0, end).toString().split('\r\n')[0] ?? '';
    if (!status.includes(' 101 ')) throw new Error(`no websocket: ${status}`);
    this.#upgraded = true;
    return end + 4;
  }
}
