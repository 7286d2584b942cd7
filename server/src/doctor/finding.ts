/** What the doctor's checks say. Knows no check. */

/** What one check found. */
export interface Finding {
  /** `warn`: it works, and an operator should know. `fail`: a relay would not start, or not serve. */
  readonly level: 'ok' | 'warn' | 'fail';
  readonly part: 'configuration' | 'database' | 'redis' | 'mailbox';
  /** One line; shows no secret and no address. */
  readonly text: string;
}
