/** What client and gateway say to each other: JSON in text frames, byte strings as base64url. Knows no socket. */

/** From the client. `id` is its own count: of requests, and of streams. */
export type ClientFrame =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly operation: string;
      readonly body: unknown;
      readonly accessToken?: string;
    }
  | { readonly type: 'connect'; readonly stream: number; readonly handshake: unknown }
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly stream: number;
      readonly operation: string;
      readonly payload: unknown;
    }
  | { readonly type: 'close'; readonly stream: number };

/** From the gateway. */
export type GatewayFrame =
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  /** The answer will not come. */
  | { readonly type: 'lost'; readonly id: number }
  | { readonly type: 'event'; readonly stream: number; readonly name: string; readonly payload: unknown }
  | { readonly type: 'refused'; readonly stream: number; readonly problem: unknown }
  | { readonly type: 'ended'; readonly stream: number };

/** The largest frame: the largest send is 3 MiB of ciphertexts, a third longer in base64. */
export const maxFrameBytes = 5 * 1024 * 1024;

export function encodeFrame(frame: ClientFrame | GatewayFrame): string {
  return JSON.stringify(frame, function (this: Record<string, unknown>, key, value: unknown) {
    // Not `value`: Node's buffers have become something else by then.
    const original = this[key];
    if (!(original instanceof Uint8Array)) return value;
    return {
      $bytes: Buffer.from(original.buffer, original.byteOffset, original.length).toString('base64url'),
    };
  });
}

/** @throws SyntaxError when it is no JSON */
export function decodeFrame(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    const bytes = (value as { readonly $bytes?: unknown } | null)?.$bytes;
    // A plain array of bytes, not Node's buffer: the port promises no more than that.
    return typeof bytes === 'string' ? Uint8Array.from(Buffer.from(bytes, 'base64url')) : value;
  });
}
