/** Finds the QR code in a picture, beside the page's thread. Knows nothing of what a code says. */
import jsQR from 'jsqr';
import type { DecodeAnswer, DecodeRequest } from './decoder.js';

/** The decoder is a CommonJS module, which bundlers hand over in one of two ways. */
type Decode = typeof jsQR.default;
const decode = ((jsQR as unknown as { default?: Decode }).default ?? jsQR) as Decode;

addEventListener('message', ({ data }: MessageEvent<DecodeRequest>) => {
  const found = decode(data.pixels, data.width, data.height, { inversionAttempts: 'attemptBoth' });
  const answer: DecodeAnswer = {
    code: found ? { text: found.data, bytes: Uint8Array.from(found.binaryData) } : undefined,
  };
  postMessage(answer);
});
