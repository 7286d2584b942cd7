/** Verification of account statements. Knows no storage and no pin: whether a key is the right one is decided elsewhere. */
import { statementBytes, type AccountStatement } from '../wire/index.js';
import { assertObject } from './checks.js';
import { verifySignature } from './xeddsa.js';

/**
 * Verifies that a statement is signed by the identity key it names. Whether that key, name and account
 * are the ones asked for is the caller's to compare.
 * @param statement - as the wire schema `accountStatement` decodes it
 * @throws SottoError `invalid-key`, `invalid-signature`
 * @throws TypeError when a member is not of the schema's type
 */
export function verifyStatement(statement: AccountStatement): void {
  assertObject(statement, 'statement');
  verifySignature(statement.identityKey, statementBytes(statement), statement.signature);
}
