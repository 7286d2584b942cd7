/**
 * The skipped keys of one state as records: opens the working copies that a step asks for, and gives out
 * what has to be written when it succeeded. Knows no ratchet.
 */
import type { EngineChange, EngineView } from '../../../ports/index.js';
import { frameRecord, openRecordOf } from '../records/frame.js';
import { pagesIn, SkippedKeys } from '../records/skipped-keys.js';
import type { SessionKeys } from './keys.js';

/** The skipped keys of one state during one step. */
export class SkippedPages {
  readonly #view: EngineView;
  readonly #keys: SessionKeys;
  readonly #sessionId: number;
  readonly #opened = new Map<string, SkippedKeys>();

  constructor(view: EngineView, keys: SessionKeys, sessionId: number) {
    this.#view = view;
    this.#keys = keys;
    this.#sessionId = sessionId;
  }

  /** The working copy of a chain's keys: one and the same however often it is asked for. */
  readonly open = (chain: string, directory: Uint8Array): SkippedKeys => {
    const known = this.#opened.get(chain);
    if (known) return known;
    const opened = new SkippedKeys(directory, (page) => this.#load(chain, page));
    this.#opened.set(chain, opened);
    return opened;
  };

  /** What to write for the working copies. */
  changes(): EngineChange[] {
    return [...this.#opened].flatMap(([chain, skipped]) =>
      skipped.changes().map(({ page, keys }) => ({
        key: this.#keys.skipped(this.#sessionId, chain, page),
        value: keys && frameRecord('skippedKeys', keys),
      })),
    );
  }

  async #load(chain: string, page: number): Promise<Uint8Array | undefined> {
    const [record] = await this.#view.get([this.#keys.skipped(this.#sessionId, chain, page)]);
    return record && openRecordOf('skippedKeys', record);
  }
}

/** Deletes the pages of chains: all that are in one set of directories and not in another. */
export function deletedPages(
  keys: SessionKeys,
  sessionId: number,
  before: ReadonlyMap<string, Uint8Array>,
  after: ReadonlyMap<string, Uint8Array>,
): EngineChange[] {
  const gone = [...before].filter(([chain]) => !after.has(chain));
  return gone.flatMap(([chain, directory]) =>
    pagesIn(directory).map((page) => ({ key: keys.skipped(sessionId, chain, page), value: undefined })),
  );
}
