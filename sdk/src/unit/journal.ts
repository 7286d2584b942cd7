/**
 * The journal: what happened, committed together with what it happened to. Observers hear it from
 * here, in order, at least once, always under the same `seq`. Knows no feature's meaning.
 */
import * as z from 'zod/mini';
import { defineRecord } from './record.js';
import type { Unit } from './unit.js';
import type { Writer } from './writer.js';

const headKey = 'journal-head';
const prefix = 'journal/';
const headRecord = defineRecord(1, z.strictObject({ nextSeq: z.int().check(z.minimum(1)) }));

/** A journalled happening: a type and what belongs to it, as plain JSON. */
export interface JournalEntry<Event> {
  /** Dense, from 1; the same after a crash. */
  readonly seq: number;
  readonly event: Event;
}

/** Appends events to units and hands committed ones to one dispatcher. */
export class Journal<Event> {
  readonly #writer: Writer;
  readonly #codec;
  readonly #onFailed: (seq: number) => void;
  #dispatch: ((entry: JournalEntry<Event>) => Promise<void>) | undefined;
  readonly #ready: JournalEntry<Event>[] = [];
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param onFailed - an event could not be dispatched; it stays in the storage and is in the next life's share */
  constructor(
    writer: Writer,
    schema: z.core.$ZodType<Event>,
    onFailed: (seq: number) => void = () => undefined,
  ) {
    this.#writer = writer;
    this.#onFailed = onFailed;
    this.#codec = defineRecord(1, schema);
  }

  /** Stages an event; it is dispatched after the unit's commit. */
  async append(unit: Unit, event: Event): Promise<void> {
    const head = (await unit.read(headKey, headRecord)) ?? { nextSeq: 1 };
    const seq = head.nextSeq;
    unit.write(headKey, headRecord, { nextSeq: seq + 1 });
    unit.write(`${prefix}${seq}`, this.#codec, event);
    unit.afterCommit(() => {
      // Before `start` the entries stay in the storage and are read there.
      if (this.#dispatch) this.#enqueue({ seq, event });
    });
  }

  /** Begins to dispatch: first what an earlier life left behind, then what is committed from now on. Once. */
  async start(dispatch: (entry: JournalEntry<Event>) => Promise<void>): Promise<void> {
    const left: JournalEntry<Event>[] = [];
    // Inside a unit, so that no commit falls between the list and the hand-over.
    await this.#writer.run(async (unit) => {
      for (const { key, value } of await unit.list(prefix)) {
        left.push({ seq: Number(key.slice(prefix.length)), event: this.#codec.decode(value) });
      }
      left.sort((earlier, later) => earlier.seq - later.seq);
      this.#dispatch = dispatch;
      for (const entry of left) this.#enqueue(entry);
    });
  }

  /** Resolves when everything committed so far has been dispatched. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Dispatches nothing more; the dispatch under way ends. What is left is in the next life's share. */
  stop(): void {
    this.#stopped = true;
    this.#ready.length = 0;
  }

  #enqueue(entry: JournalEntry<Event>): void {
    if (this.#stopped) return;
    this.#ready.push(entry);
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // Never dispatch in the middle of whoever committed.
    await Promise.resolve();
    try {
      for (let entry = this.#ready.shift(); entry; entry = this.#ready.shift()) {
        await this.#dispatchOne(entry);
      }
    } finally {
      this.#running = undefined;
    }
  }

  /** Never rejects: nobody would hear it, and one event that cannot be read must not keep back the others. */
  async #dispatchOne(entry: JournalEntry<Event>): Promise<void> {
    try {
      await this.#dispatch?.(entry);
      this.#writer.deleteLazily(`${prefix}${entry.seq}`);
    } catch {
      this.#onFailed(entry.seq);
    }
  }
}
