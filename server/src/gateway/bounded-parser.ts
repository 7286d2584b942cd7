/**
 * Socket.IO's own parser with bounds that fit the wire: more attachments than its default of ten,
 * and a bound on what the attachments of one frame hold together. Knows no event.
 */
import { Decoder, Encoder } from 'socket.io-parser';

/** What one frame may hold. */
export interface FrameLimits {
  readonly maxAttachmentsPerFrame: number;
  readonly maxFrameBytes: number;
}

/** A value for Socket.IO's `parser` option. A frame beyond the limits ends its connection. */
export function boundedParser(limits: FrameLimits): {
  readonly Encoder: typeof Encoder;
  readonly Decoder: new () => Decoder;
} {
  class BoundedDecoder extends Decoder {
    #bytes = 0;

    constructor() {
      super({ maxAttachments: limits.maxAttachmentsPerFrame });
    }

    override add(chunk: unknown): void {
      // A text begins a frame, everything binary after it belongs to that frame.
      const length = typeof chunk === 'string' ? chunk.length : (chunk as Uint8Array).byteLength;
      this.#bytes = typeof chunk === 'string' ? length : this.#bytes + length;
      if (!(this.#bytes <= limits.maxFrameBytes)) throw new Error('the frame is too large');
      super.add(chunk);
    }
  }
  return { Encoder, Decoder: BoundedDecoder };
}
