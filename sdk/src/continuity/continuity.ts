/**
 * Asked at every connection, before anything is sent or acknowledged: does this device's state go on from
 * what the relay has seen of it? A state that was rolled back, restored or copied has keys that were used
 * already; it begins anew. Knows no stream and no event of one.
 */
import { SottoError } from '../errors.js';
import type { Host } from '../host.js';
import type { JournalEvent } from '../journal-event.js';
import { limits } from '../limits.js';
import type { TransportConnection } from '../ports/transport.js';
import type { Journal, Unit, Writer } from '../unit/index.js';
import type { ContinuityVerdict, ResumeResponse } from '../wire/index.js';
import {
  continuityKey,
  continuityRecord,
  noContinuity,
  readContinuity,
  type Continuity,
} from './continuity-record.js';

/** Why a state does not go on. */
export type ContinuityBreak = Exclude<ContinuityVerdict, 'continued'>;

/** Stages what beginning anew means for one part of the device. */
export type RepairStep = (unit: Unit) => Promise<void>;

/** How far an honest relay's numbers may be ahead of a device's: more than any backup is old. */
const maxGenerationsAhead = 10_000;
const maxCommitsAhead = 2 ** 32;

/** See the header. */
export class ContinuityCheck {
  readonly #writer: Writer;
  readonly #journal: Journal<JournalEvent>;
  readonly #host: Host;
  readonly #repair: RepairStep;

  /** @param parts - `repair` stages, in the one unit, that nothing of the state is used to send again */
  constructor(parts: { writer: Writer; journal: Journal<JournalEvent>; host: Host; repair: RepairStep }) {
    this.#writer = parts.writer;
    this.#journal = parts.journal;
    this.#host = parts.host;
    this.#repair = parts.repair;
  }

  /**
   * Resolves when the state goes on: as it was, or begun anew.
   * @throws SottoError `limit-exceeded` when it was begun anew too often lately, `invalid-response`, and
   * whatever connection and storage throw
   */
  async pass(connection: TransportConnection): Promise<void> {
    const { answer, shown } = await this.#show(connection);
    if (answer.verdict === 'continued') return this.#keep(answer);
    assertPlausible(answer, shown.generation, this.#writer.storeSeq);
    await this.#beginAnew(answer, answer.verdict);
    const { answer: second } = await this.#show(connection);
    // Whatever was wrong has just been put right: another complaint is none about this state.
    if (second.verdict !== 'continued') throw new SottoError('invalid-response');
    await this.#keep(second);
  }

  async #show(connection: TransportConnection): Promise<{ answer: ResumeResponse; shown: Continuity }> {
    const shown = (await this.#writer.read(continuityKey, continuityRecord)) ?? noContinuity;
    const { generation, continuation } = shown;
    // Not the count of now: a state that was put back may have counted past what the relay has seen.
    const storeSeq = this.#writer.vouchedSeq;
    return { answer: await connection.resume({ generation, storeSeq, continuation }), shown };
  }

  #keep({ continuation }: ResumeResponse): Promise<void> {
    return this.#writer.run(async (unit) => {
      unit.write(continuityKey, continuityRecord, { ...(await readContinuity(unit)), continuation });
      this.#writer.vouch(unit);
    });
  }

  #beginAnew(answer: ResumeResponse, verdict: ContinuityBreak): Promise<void> {
    return this.#writer.run(async (unit) => {
      const before = await readContinuity(unit);
      const generation = Math.max(before.generation, answer.generation) + 1;
      const repairs = this.#withAnother(before.repairs);
      await this.#repair(unit);
      const { continuation } = answer;
      unit.write(continuityKey, continuityRecord, { generation, continuation, repairs });
      await this.#journal.append(unit, { type: 'continuity', verdict, generation });
      this.#writer.raiseStoreSeq(answer.storeSeq);
      this.#writer.vouch(unit);
    });
  }

  /** @throws SottoError `limit-exceeded` */
  #withAnother(repairs: readonly number[]): number[] {
    const now = this.#host.clock.now();
    // Those of the future are a clock's that was wrong.
    const recent = repairs.filter((at) => at <= now && now - at < limits.continuityRepairWindowMs);
    if (recent.length >= limits.maxContinuityRepairs) {
      throw new SottoError('limit-exceeded', { details: { limit: 'maxContinuityRepairs' } });
    }
    return [...recent, now];
  }
}

/** A relay that is far ahead is lying: to follow it would use the numbers up. */
function assertPlausible(answer: ResumeResponse, generation: number, storeSeq: number): void {
  if (answer.generation - generation > maxGenerationsAhead || answer.storeSeq - storeSeq > maxCommitsAhead) {
    throw new SottoError('invalid-response');
  }
}
