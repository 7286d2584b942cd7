/** Tells the web addresses in a message from the rest of it. Pure. */

/** A stretch of a message. */
export interface TextPart {
  readonly text: string;
  /** A web address, from `http://` or `https://` on. */
  readonly isLink: boolean;
}

/** What ends a sentence or a bracket around an address is not part of it. */
const address = /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,:;!?()[\]{}]/giu;

/** @returns the parts in order, which are the text when put together again */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(address)) {
    if (index > end) parts.push({ text: text.slice(end, index), isLink: false });
    parts.push({ text: found, isLink: true });
    end = index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isLink: false });
  return parts;
}
