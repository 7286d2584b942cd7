/** Opened chunks to sections, checked one by one and against each other. Knows no cipher and no stream. */
import type { ArchiveSection } from './archive-content.js';
import { ContentRules } from './content-rules.js';
import { decodeSection } from './section-codec.js';
import { FrameParser } from './section-frames.js';

/** See the header. */
export class ContentReader {
  readonly #parser = new FrameParser();
  readonly #rules = new ContentRules();

  /** The sections that end in a chunk. @throws SottoError `backup-content-invalid` */
  *push(chunk: Uint8Array): Generator<ArchiveSection, void> {
    for (const frame of this.#parser.push(chunk)) {
      const section = decodeSection(frame);
      this.#rules.check(section);
      yield section;
    }
  }

  /** After the last chunk. @throws SottoError `backup-content-invalid` where something is missing */
  finish(): void {
    this.#parser.finish();
    this.#rules.finish();
  }
}
