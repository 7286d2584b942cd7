/** Transactions that find out that they cannot be: nothing of them stays, and the reason is the answer. Knows no table. */

/** Ends a transaction, which is rolled back. */
export class Refused<Reason extends string> extends Error {
  constructor(readonly reason: Reason) {
    super(reason);
  }
}

/** What a transaction gives, or why it was {@link Refused}. */
export async function unlessRefused<Result, Reason extends string>(
  transaction: Promise<Result>,
): Promise<Result | Reason> {
  try {
    return await transaction;
  } catch (error) {
    if (error instanceof Refused) return (error as Refused<Reason>).reason;
    throw error;
  }
}
