/** Finds the QR code in a picture, beside the page's thread. Knows nothing of what a code says. */
import { decodeQR } from 'qr/decode.js';
import type { DecodeAnswer, DecodeRequest, ScannedCode } from './decoder.js';

/** What one picture may cost. A blurred one is worth more than a frame's time: nothing waits for this thread. */
const timeLimitMs = 250;

/** A character for each byte: a code may say any bytes, and UTF-8 would lose those that are no text. */
const asCharacters = (bytes: Uint8Array) => String.fromCharCode(...bytes);

function decode({ pixels, width, height }: DecodeRequest): ScannedCode | undefined {
  let characters: string;
  try {
    characters = decodeQR(
      { data: pixels, width, height },
      { format: 'RGBA', timeLimit: timeLimitMs, textDecoder: asCharacters },
    );
  } catch {
    // So it says that there is none.
    return undefined;
  }
  const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0));
  return { text: new TextDecoder().decode(bytes), bytes };
}

addEventListener('message', ({ data }: MessageEvent<DecodeRequest>) => {
  const answer: DecodeAnswer = { code: decode(data) };
  postMessage(answer);
});
