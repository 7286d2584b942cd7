/** The bot's account: registered at the first start, under a password that only the data folder knows. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { isSottoError, type Messenger, type OwnProfile } from '@sotto/sdk';

/** The password kept in a file, made at the first call; readable by the owner of the process alone. */
export async function keptPassword(file: string): Promise<string> {
  const made = randomBytes(24).toString('base64url');
  try {
    await writeFile(file, made, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFile(file, 'utf8');
  }
}

/** The profile; registers as `echo`, or under a name beside it where that one is taken. */
export async function openAccount({ account }: Messenger, password: string): Promise<OwnProfile> {
  const profile = await account.profile();
  if (profile) return profile;
  try {
    return await account.register({ username: 'echo', password });
  } catch (error) {
    if (!isSottoError(error, 'username-taken')) throw error;
    return account.register({ username: `echo_${randomBytes(4).toString('hex')}`, password });
  }
}
