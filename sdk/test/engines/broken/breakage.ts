/** Engines that are wrong in one way each. Knows no case from within. */
import { isSottoError, type SottoErrorCode } from '../../../src/errors.js';
import type { ProtocolEngine } from '../../../src/ports/index.js';

/** What is wrong, which case must see it (the end of its name with those of its groups), and how it is done. */
export type Breakage = readonly [
  what: string,
  caughtBy: string,
  breakage: (good: ProtocolEngine) => Partial<ProtocolEngine>,
];

/** Does something else where a step is refused with a code. */
export async function instead<Result>(
  code: SottoErrorCode,
  step: Promise<Result>,
  otherwise: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await step;
  } catch (error) {
    if (isSottoError(error, code)) return otherwise();
    throw error;
  }
}
