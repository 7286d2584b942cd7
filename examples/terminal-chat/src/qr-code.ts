/** Draws a QR code with characters. */
import { renderUnicodeCompact } from 'uqr';

/** Light modules are drawn, dark ones left: bright white on black, whatever the colours of the terminal are. */
const inkOnPaper = '\x1b[97;40m';
const reset = '\x1b[0m';

/**
 * The lines of a QR code.
 * @param coloured - whether the output is a terminal that knows colours
 */
export function qrLines(text: string, coloured: boolean): string[] {
  const lines = renderUnicodeCompact(text, { ecc: 'L', border: 2 }).split('\n');
  return coloured ? lines.map((line) => `${inkOnPaper}${line}${reset}`) : lines;
}
