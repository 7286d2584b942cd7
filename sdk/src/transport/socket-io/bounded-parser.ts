/**
 * Socket.IO's own parser with bounds that fit the wire: as many byte strings in one frame as a page
 * has envelopes (its default is ten), and a bound on what they hold together. Knows no event.
 */
import { Decoder, Encoder } from 'socket.io-parser';
import { wireLimits } from '../../wire/index.js';

/** The JSON part of a frame: a full page of envelopes without their ciphertexts is some 16 KiB. */
export const maxFrameTextLength = 128 * 1024;
/** The largest push there is: a page of the largest ciphertexts. */
const maxFrameBytes = maxFrameTextLength + wireLimits.maxEnvelopesPerPage * wireLimits.maxCiphertextBytes;

/** A value for Socket.IO's `parser` option. A frame beyond the bounds ends its connection. */
export const boundedParser = {
  Encoder,
  Decoder: class extends Decoder {
    #bytes = 0;

    constructor() {
      super({ maxAttachments: wireLimits.maxEnvelopesPerPage });
    }

    override add(chunk: unknown): void {
      // A text begins a frame; everything binary after it belongs to that frame.
      if (typeof chunk === 'string') {
        if (chunk.length > maxFrameTextLength) throw new Error('the frame is too large');
        this.#bytes = chunk.length;
      } else {
        this.#bytes += (chunk as { readonly byteLength: number }).byteLength;
        if (!(this.#bytes <= maxFrameBytes)) throw new Error('the frame is too large');
      }
      super.add(chunk);
    }
  },
};
