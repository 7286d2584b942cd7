/** Tells how far an archive has come, without being asked more often than it changes. */
import type { ArchiveSection, BackupRun } from './archive-content.js';

/** See the header. */
export class Progress {
  readonly #run: BackupRun;
  #messages = 0;
  #messagesTotal: number | undefined;

  constructor(run: BackupRun) {
    this.#run = run;
    run.onProgress?.({ phase: 'key', bytes: 0, messages: 0, messagesTotal: undefined });
  }

  /** Counts a section that was read. */
  count(section: ArchiveSection): void {
    if (section.type === 'begin') this.expect(section.begin.messages);
    if (section.type === 'message' || section.type === 'tombstone') this.#messages += 1;
  }

  /** Counts messages that were written. */
  add(messages: number): void {
    this.#messages += messages;
  }

  /** Says how many messages there are at most. */
  expect(messages: number): void {
    this.#messagesTotal = messages;
  }

  /** Tells. @param bytes - of the archive */
  tell(bytes: number): void {
    this.#run.onProgress?.({
      phase: 'content',
      bytes,
      messages: this.#messages,
      messagesTotal: this.#messagesTotal,
    });
  }
}
