/**
 * How long an outbox entry has waited, by two clocks of which neither is trusted alone: the device's may be set wrong
 * by years, and a relay may say anything. Knows no storage and no order.
 *
 * - While the own clock finds an entry young, it is: no relay ends it.
 * - Where the own clock finds it old and the relay's does not, the own one was set forward, or the relay lies. It
 *   counts once more from then: a relay that lies makes no entry live longer than twice.
 * - Where it is younger than nothing, the own clock was set back. It counts from then, and the relay's word is enough
 *   to end what the relay may have forgotten.
 * - Before the relay has said its time in this life, there is the own clock alone. An entry of then gets its time by
 *   the relay when it is first looked at with a connection, before it leaves the device; one that the own clock finds
 *   too old at that moment ends, as nothing says that it is not.
 *
 * What stays unseen: a clock set back by less than the entry has waited makes it that much younger.
 */
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';
import type { OutboxEntry } from './outbox.js';
import type { Moment } from './moment.js';

type OutboxTimes = Pick<OutboxEntry, 'createdAt' | 'relayCreatedAt' | 'recountedAt'>;

/** The last moment that a stored time can name. */
const lastMs = 8_640_000_000_000_000;

/** What an entry says of its time that is made at this moment. */
export function outboxTimes({ now, relayNow }: Moment): OutboxTimes {
  return { createdAt: now, ...stamp(relayNow) };
}

/**
 * What an entry says of its time from this moment on; the very same where nothing changes.
 * @throws SottoError `send-expired`
 */
export function timesFrom(times: OutboxTimes, { now, relayNow }: Moment): OutboxTimes {
  const { createdAt, relayCreatedAt = NaN, recountedAt } = times;
  const ageMs = now - (recountedAt ?? createdAt);
  const relayAgeMs = relayNow - relayCreatedAt;
  const isRecounted = recountedAt !== undefined;
  const [isOld, isSetBack] = [ageMs > limits.outboxTtlMs, ageMs < 0];
  const isOver =
    (relayAgeMs > limits.outboxTtlMs && (isOld || isSetBack || isRecounted)) ||
    (isOld && (isRecounted || !(relayAgeMs <= limits.outboxTtlMs)));
  if (isOver) throw new SottoError('send-expired');
  const isStamped = times.relayCreatedAt !== undefined;
  if (isStamped && !isOld && !isSetBack) return times;
  return {
    ...times,
    ...(!isStamped && stamp(relayNow - Math.max(0, ageMs))),
    ...((isOld || isSetBack) && { recountedAt: now }),
  };
}

/** Nothing while the relay has not said its time; what it says may be no time at all. */
function stamp(relayMs: number): Pick<OutboxTimes, 'relayCreatedAt'> {
  if (Number.isNaN(relayMs)) return {};
  return { relayCreatedAt: Math.min(Math.max(0, Math.round(relayMs)), lastMs) };
}
