/**
 * Backups made and read for the other side of a port: a bounded number at once, and no piece of an archive that
 * was not asked for. Knows no other call.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { MessengerBackup } from '../messenger-api.js';
import {
  archiveAsked,
  backupMethods,
  maxPieceBytes,
  type ArchiveAsked,
  type ArchiveTold,
} from './archive-frames.js';
import { ArchivePull, piecesOf } from './archive-pieces.js';
import { packFailure } from './failures.js';

/** Pieces as the writer makes them are small: each asking takes as long as some hundred KiB. */
const gatheredBytes = 256 * 1024;

type Call = Extract<ArchiveAsked, { type: 'call' }>;
type Run = NonNullable<Parameters<MessengerBackup['create']>[1]>;

/** See the header. */
export class ExposedArchives {
  readonly #backup: MessengerBackup;
  readonly #say: (id: number, told: ArchiveTold) => void;
  readonly #calls = new Map<number, ExposedArchive>();

  constructor(backup: MessengerBackup, say: (id: number, told: ArchiveTold) => void) {
    this.#backup = backup;
    this.#say = say;
  }

  /** Does what was asked for, if it can be understood. */
  take(id: number, said: unknown): void {
    const { success, data: asked } = archiveAsked.safeParse(said);
    if (!success) return;
    if (asked.type === 'call') this.#begin(id, asked);
    else this.#calls.get(id)?.take(asked);
  }

  /** Stops what is under way, with the device as it was. */
  stopAll(): void {
    for (const call of this.#calls.values()) call.stop();
  }

  #begin(id: number, asked: Call): void {
    if (this.#calls.has(id)) return;
    if (this.#calls.size >= limits.maxRemoteArchives) {
      const error = new SottoError('limit-exceeded', { details: { limit: 'maxRemoteArchives' } });
      this.#say(id, { type: 'failure', failure: packFailure(error) });
      return;
    }
    const call = new ExposedArchive(this.#backup, (told) => {
      this.#say(id, told);
    });
    this.#calls.set(id, call);
    void call.run(asked).finally(() => this.#calls.delete(id));
  }
}

class ExposedArchive {
  readonly #backup: MessengerBackup;
  readonly #say: (told: ArchiveTold) => void;
  readonly #stopping = new AbortController();
  readonly #incoming: ArchivePull;
  #wanted = 0;
  #wake: () => void = () => undefined;

  constructor(backup: MessengerBackup, say: (told: ArchiveTold) => void) {
    this.#backup = backup;
    this.#say = say;
    this.#incoming = new ArchivePull(() => {
      say({ type: 'pull' });
    });
  }

  async run({ method, input }: Call): Promise<void> {
    try {
      const { takes, answers, archive } = backupMethods[method];
      const taken = z.safeParse(takes as z.core.$ZodType, input);
      if (!taken.success) throw new TypeError('the arguments do not fit');
      const answer = await this.#call(method, taken.data);
      const value: unknown = archive === 'from' ? undefined : z.parse(answers as z.core.$ZodType, answer);
      this.#say({ type: 'result', value });
      if (archive === 'from') await this.#give(answer as ReadableStream<Uint8Array>);
    } catch (error) {
      this.#say({ type: 'failure', failure: packFailure(error) });
    }
  }

  take(asked: Exclude<ArchiveAsked, Call>): void {
    switch (asked.type) {
      case 'pull':
        this.#wanted += 1;
        this.#wake();
        break;
      case 'piece':
        this.#incoming.push(asked.piece);
        break;
      case 'end':
        this.#incoming.end();
        break;
      case 'stop':
        this.stop();
        break;
    }
  }

  stop(): void {
    const reason = new SottoError('remote-closed');
    this.#incoming.fail(reason);
    this.#stopping.abort(reason);
    this.#wake();
  }

  #call(method: Call['method'], input: unknown): Promise<unknown> {
    const run: Run = {
      signal: this.#stopping.signal,
      onProgress: (progress) => {
        this.#say({ type: 'progress', progress });
      },
    };
    const call = (this.#backup[method] as (...args: readonly unknown[]) => Promise<unknown>).bind(
      this.#backup,
    );
    const { archive } = backupMethods[method];
    if (archive === 'none') return call();
    if (archive === 'from') return call(input, run);
    return method === 'inspect' ? call(this.#incoming.stream) : call(this.#incoming.stream, input, run);
  }

  /** Gives the pieces of an archive as they are asked for. */
  async #give(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = stream.getReader();
    try {
      await this.#asked();
      for await (const piece of piecesOf(reader, { maxBytes: maxPieceBytes, gatheredBytes })) {
        this.#wanted -= 1;
        this.#say({ type: 'piece', piece });
        await this.#asked();
      }
      this.#say({ type: 'end' });
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  async #asked(): Promise<void> {
    while (this.#wanted === 0 && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#stopping.signal.throwIfAborted();
  }
}
