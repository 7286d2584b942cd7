/** What a fake camera shows: a film of one picture, a QR code, in the one form that Chromium reads (Y4M). */
import { writeFileSync } from 'node:fs';
import { encode } from 'uqr';

const width = 640;
const height = 480;
const modulePixels = 6;
const frames = 2;
const black = 16;
const white = 235;

function plane(text: string | undefined): Buffer {
  const bright = Buffer.alloc(width * height, white);
  if (text !== undefined) drawCode(bright, text);
  return bright;
}

function drawCode(bright: Buffer, text: string): void {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const left = Math.floor((width - size * modulePixels) / 2);
  const top = Math.floor((height - size * modulePixels) / 2);
  for (let y = 0; y < size * modulePixels; y += 1) {
    for (let x = 0; x < size * modulePixels; x += 1) {
      const isDark = data[Math.floor(y / modulePixels)]?.[Math.floor(x / modulePixels)] ?? false;
      if (isDark) bright[(top + y) * width + left + x] = black;
    }
  }
}

/** Writes the film. @param text - what the code says; without it the camera sees a white wall */
export function filmQrCode(file: string, text?: string): void {
  const grey = Buffer.alloc((width * height) / 2, 128);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), plane(text), grey]);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(file, Buffer.concat([head, ...Array.from({ length: frames }, () => frame)]));
}
