/**
 * Backups at the other side of a port: what is asked for goes there, archives cross piece by piece, and a signal
 * here stops what is under way there. Knows no other call.
 */
import * as z from 'zod/mini';
import { SottoError } from '../errors.js';
import type { MessengerBackup } from '../messenger-api.js';
import {
  archiveTold,
  backupMethods,
  maxPieceBytes,
  type ArchiveAsked,
  type ArchiveTold,
  type BackupMethod,
} from './archive-frames.js';
import { ArchivePull, piecesOf } from './archive-pieces.js';
import { unpackFailure } from './failures.js';

type Run = NonNullable<Parameters<MessengerBackup['create']>[1]>;

interface Asked {
  readonly input?: unknown;
  readonly stream?: ReadableStream<Uint8Array>;
  readonly run?: Run | undefined;
}

/** See the header. */
export class RemoteArchives implements MessengerBackup {
  readonly #say: (id: number, asked: ArchiveAsked) => void;
  readonly #calls = new Map<number, RemoteArchive>();
  #lastId = 0;
  #closed = false;

  constructor(say: (id: number, asked: ArchiveAsked) => void) {
    this.#say = say;
  }

  createRecoveryKey: MessengerBackup['createRecoveryKey'] = () => this.#call('createRecoveryKey');
  settings: MessengerBackup['settings'] = () => this.#call('settings');
  create: MessengerBackup['create'] = (input, run) => this.#call('create', { input, run });
  inspect: MessengerBackup['inspect'] = (stream) => this.#call('inspect', { stream });
  verify: MessengerBackup['verify'] = (stream, input, run) => this.#call('verify', { stream, input, run });
  restore: MessengerBackup['restore'] = (stream, input, run) => this.#call('restore', { stream, input, run });

  /** Hears what was said of a call, if it can be understood. */
  take(id: number, said: unknown): void {
    const { success, data: told } = archiveTold.safeParse(said);
    if (success) this.#calls.get(id)?.take(told);
  }

  /** Everything under way fails. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls.values()) call.fail(new SottoError('remote-closed'));
  }

  async #call<Result>(method: BackupMethod, asked: Asked = {}): Promise<Result> {
    asked.run?.signal?.throwIfAborted();
    if (this.#closed) throw new SottoError('remote-closed');
    const taken = z.safeParse(backupMethods[method].takes as z.core.$ZodType, asked.input);
    if (!taken.success) throw new TypeError(`the arguments of backup.${method} do not fit`);
    const id = (this.#lastId += 1);
    const call = new RemoteArchive(method, asked, {
      say: (frame) => {
        this.#say(id, frame);
      },
      onOver: () => this.#calls.delete(id),
    });
    this.#calls.set(id, call);
    // Checked against the table of what each method answers.
    return (await call.begin(taken.data)) as Result;
  }
}

class RemoteArchive {
  readonly #method: BackupMethod;
  readonly #run: Run;
  readonly #say: (asked: ArchiveAsked) => void;
  readonly #onOver: () => void;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #outgoing: AsyncGenerator<Uint8Array<ArrayBuffer>, void> | undefined;
  readonly #incoming: ArchivePull;
  #resolve: (value: unknown) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #over = false;

  constructor(
    method: BackupMethod,
    { stream, run = {} }: Asked,
    { say, onOver }: { say: (asked: ArchiveAsked) => void; onOver: () => void },
  ) {
    this.#method = method;
    this.#run = run;
    this.#say = say;
    this.#onOver = onOver;
    this.#reader = stream?.getReader();
    // A piece waits for no other: the messenger may need no more than it has.
    this.#outgoing = this.#reader && piecesOf(this.#reader, { maxBytes: maxPieceBytes, gatheredBytes: 0 });
    this.#incoming = new ArchivePull(
      () => {
        say({ type: 'pull' });
      },
      () => {
        this.#stop();
      },
    );
  }

  begin(input: unknown): Promise<unknown> {
    const answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#run.signal?.addEventListener('abort', this.#abort, { once: true });
    this.#say({ type: 'call', method: this.#method, input });
    return answer;
  }

  take(told: ArchiveTold): void {
    if (this.#over) return;
    switch (told.type) {
      case 'progress':
        this.#progressed(told.progress);
        break;
      case 'pull':
        void this.#give();
        break;
      case 'piece':
        this.#incoming.push(told.piece);
        break;
      case 'end':
        this.#incoming.end();
        this.#finish();
        break;
      case 'failure':
        this.fail(unpackFailure(told.failure));
        break;
      case 'result':
        this.#answered(told.value);
        break;
    }
  }

  /** Everything that waits for it fails. */
  fail(reason: unknown): void {
    if (this.#over) return;
    this.#reject(reason);
    this.#incoming.fail(reason);
    this.#finish();
  }

  #progressed({
    phase,
    bytes,
    messages,
    messagesTotal,
  }: Extract<ArchiveTold, { type: 'progress' }>['progress']): void {
    try {
      this.#run.onProgress?.({ phase, bytes, messages, messagesTotal });
    } catch (error) {
      // As where it is called by the work itself.
      this.#stop(error);
    }
  }

  #answered(value: unknown): void {
    const { answers, archive } = backupMethods[this.#method];
    const answer = z.safeParse(answers as z.core.$ZodType, value);
    if (!answer.success) {
      this.#stop(new SottoError('remote-failed'));
      return;
    }
    this.#resolve(archive === 'from' ? this.#incoming.stream : answer.data);
    if (archive !== 'from') this.#finish();
  }

  readonly #abort = () => {
    this.#stop(this.#run.signal?.reason);
  };

  /** Nothing more of it is wanted, there or here. */
  #stop(reason?: unknown): void {
    if (this.#over) return;
    this.#say({ type: 'stop' });
    if (reason === undefined) this.#finish();
    else this.fail(reason);
  }

  /** The next piece of the archive that is read over there. */
  async #give(): Promise<void> {
    try {
      const next = await this.#outgoing?.next();
      if (this.#over) return;
      if (!next || next.done) this.#say({ type: 'end' });
      else this.#say({ type: 'piece', piece: next.value });
    } catch (error) {
      this.#stop(error);
    }
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#run.signal?.removeEventListener('abort', this.#abort);
    // A source that fails to stop has nothing to say to whoever is done with it.
    void this.#reader?.cancel(this.#run.signal?.reason).catch(() => undefined);
    this.#onOver();
  }
}
