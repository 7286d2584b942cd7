/** This moment, by two clocks of which neither is trusted alone. Knows no message. */

/** A moment on both clocks: a device's may be set wrong by days, and a relay may say anything. */
export interface Moment {
  readonly now: number;
  /** NaN, which nothing is older or younger than, before the relay has said its time. */
  readonly relayNow: number;
}
