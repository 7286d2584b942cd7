/** Messages as an application handles them. */
import { SottoError } from '../errors.js';
import type { Unit, Writer } from '../unit/index.js';
import type { AccountId } from '../wire/index.js';
import type { Composer, OutgoingText, SendOptions } from './composer.js';
import { messageKey, messageRecord, type Message } from './message-record.js';
import { updateMessage, type Conversation, type MessageArchive, type MessagePage } from './message-store.js';

/** See the header. */
export class MessageService {
  readonly #writer: Writer;
  readonly #composer: Composer;
  readonly #archive: MessageArchive;

  constructor(parts: { writer: Writer; composer: Composer; archive: MessageArchive }) {
    this.#writer = parts.writer;
    this.#composer = parts.composer;
    this.#archive = parts.archive;
  }

  /** Writes a message down; it is encrypted with its row in one commit, and sent when the relay can be reached. */
  send(recipient: AccountId, content: OutgoingText, options?: SendOptions): Promise<Message> {
    return this.#writer.run((unit) => this.#composer.stageText(unit, recipient, content, options));
  }

  /** Sends a failed message again, under the id it had. */
  retry(conversation: AccountId, seq: number): Promise<Message> {
    return this.#writer.run(async (unit: Unit) => {
      const message = await unit.read(messageKey(conversation, seq), messageRecord);
      if (message?.status !== 'failed') throw new SottoError('unknown-message');
      const pending: Message = { ...message, status: 'pending', failure: null };
      updateMessage(unit, pending);
      await this.#composer.stageAgain(unit, pending);
      return pending;
    });
  }

  get(conversation: AccountId, seq: number): Promise<Message> {
    return this.#archive.get(conversation, seq);
  }

  page(conversation: AccountId, page: MessagePage): Promise<Message[]> {
    return this.#archive.page(conversation, page);
  }

  conversations(): Promise<Conversation[]> {
    return this.#archive.conversations();
  }

  markRead(conversation: AccountId, seq: number): Promise<void> {
    return this.#archive.markRead(conversation, seq);
  }
}
