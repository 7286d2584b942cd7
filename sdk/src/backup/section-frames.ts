/**
 * Sections as bytes: type, length, payload, one after another across chunks (docs/backup-format.md). Knows which
 * length a type may have, and nothing else of what is in one.
 */
import { concatBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import { sectionTypes } from './archive-content.js';

/** A section as it stands in an archive. */
export interface SectionFrame {
  /** 0 to 255. */
  readonly number: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

const prefixBytes = 5;
/** JSON spells a byte of text with six at most; the rest is names and numbers. */
const maxMessageBytes = 6 * limits.maxContentBytes + 16 * 1024;
/** A record of an application, with its key; and whatever a later version may write. */
const maxRecordBytes = limits.maxHandlerBytes + 1024;
/** A contact's manifest has the most devices an account may have, of about a hundred bytes each. */
const maxOtherBytes = 256 * 1024;

const maxPayloadBytes: Readonly<Record<number, number>> = {
  [sectionTypes.begin]: maxOtherBytes,
  [sectionTypes.identity]: maxOtherBytes,
  [sectionTypes.contact]: maxOtherBytes,
  [sectionTypes.conversation]: maxOtherBytes,
  [sectionTypes.message]: maxMessageBytes,
  [sectionTypes.tombstone]: maxOtherBytes,
  [sectionTypes.setting]: maxOtherBytes,
  [sectionTypes.end]: maxOtherBytes,
};

function maxBytesOf(number: number): number {
  return maxPayloadBytes[number] ?? maxRecordBytes;
}

/**
 * Writes a section.
 * @param parts - the payload, in parts
 * @throws SottoError `limit-exceeded` when it is longer than a reader takes
 */
export function encodeFrame(number: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > maxBytesOf(number)) {
    throw new SottoError('limit-exceeded', { details: { limit: 'maxArchiveSectionBytes' } });
  }
  const frame = new Uint8Array(prefixBytes + length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, number);
  view.setUint32(1, length);
  let offset = prefixBytes;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

interface OpenSection {
  readonly number: number;
  readonly length: number;
  /** What has come of it: no memory is taken for what has only been said. */
  readonly parts: Uint8Array[];
  filled: number;
}

/** Takes frames out of chunks. Holds the part of a section that has not ended yet, at most its bound. */
export class FrameParser {
  readonly #prefix = new Uint8Array(prefixBytes);
  #prefixFilled = 0;
  #open: OpenSection | undefined;

  /**
   * The sections that end in a chunk, which is kept no longer than that.
   * @throws SottoError `backup-content-invalid` when a section says it is longer than its type may be
   */
  *push(chunk: Uint8Array): Generator<SectionFrame, void> {
    let offset = 0;
    while (offset < chunk.length) {
      if (!this.#open) offset += this.#takePrefix(chunk.subarray(offset));
      if (!this.#open) return;
      const { number, length, parts } = this.#open;
      const part = chunk.subarray(offset, offset + length - this.#open.filled);
      parts.push(part);
      this.#open.filled += part.length;
      offset += part.length;
      if (this.#open.filled < length) break;
      this.#open = undefined;
      yield { number, payload: concatBytes(...parts) };
    }
    this.#keepOpen();
  }

  /** @throws SottoError `backup-content-invalid` where a section has not ended */
  finish(): void {
    if (this.#open || this.#prefixFilled > 0) throw new SottoError('backup-content-invalid');
  }

  /** The chunk belongs to the caller: what goes on in the next one is copied. */
  #keepOpen(): void {
    const parts = this.#open?.parts;
    const last = parts?.pop();
    if (parts && last) parts.push(last.slice());
  }

  #takePrefix(bytes: Uint8Array): number {
    const part = bytes.subarray(0, prefixBytes - this.#prefixFilled);
    this.#prefix.set(part, this.#prefixFilled);
    this.#prefixFilled += part.length;
    if (this.#prefixFilled < prefixBytes) return part.length;
    const view = new DataView(this.#prefix.buffer);
    const [number, length] = [view.getUint8(0), view.getUint32(1)];
    if (length > maxBytesOf(number)) throw new SottoError('backup-content-invalid');
    this.#prefixFilled = 0;
    this.#open = { number, length, parts: [], filled: 0 };
    return part.length;
  }
}
