/** Usernames as people type them. */
import { SottoError } from '../errors.js';
import { username as usernameSchema, type Username } from '../wire/index.js';

/**
 * Folds ASCII capitals and checks the form `[a-z][a-z0-9_]{2,31}`.
 * @throws SottoError `invalid-username`
 */
export function parseUsername(text: string): Username {
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const parsed = usernameSchema.safeParse(folded);
  if (!parsed.success) throw new SottoError('invalid-username');
  return parsed.data;
}
