/** A refusal of the test relay on its way to the caller. */
import { makeProblem, type ProblemCode, type ProblemDocument } from '../../../wire/index.js';

/** Thrown by the relay's duties; becomes the answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly problem: ProblemDocument;

  constructor(code: ProblemCode, extra: Pick<ProblemDocument, 'retryAfterMs' | 'fields'> = {}) {
    super(code);
    this.problem = makeProblem(code, extra);
  }
}

/** Runs a check that throws and refuses under a code instead. */
export function refuseAs<Result>(code: ProblemCode, check: () => Result): Result {
  try {
    return check();
  } catch {
    throw new Refusal(code);
  }
}
