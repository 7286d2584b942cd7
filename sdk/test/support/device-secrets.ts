/** What a device holds that nobody else may see. */
import { credentialsKey, credentialsRecord } from '../../src/account/account-record.js';
import { memoryStorage } from '../../src/storage/memory/index.js';
import { engineFor, secretIn } from './engines.js';
import { ownAccountOf } from './identities.js';
import type { Party } from './party.js';
import { secretText, type NamedSecret } from './secret-scan.js';

/** Where the engine's records lie. */
const enginePrefix = 'engine/';

/** The secrets a device holds: keys, seeds, tokens, pre-keys, sessions. */
export async function secretsOf(party: Party): Promise<NamedSecret[]> {
  const { username } = party;
  const engine = engineFor(username);
  const account = await ownAccountOf(party);
  const secrets: NamedSecret[] = [
    { name: `${username}'s identity key`, bytes: account.identityPrivateKey.expose() },
    { name: `${username}'s device auth seed`, bytes: account.deviceAuthSeed.expose() },
    secretText(`${username}'s contact code`, await party.code()),
    secretText(`${username}'s contact code digits`, account.contactCode),
    secretText(`${username}'s password`, party.password),
  ];
  for await (const { key, value } of memoryStorage({ medium: party.medium }).list('')) {
    if (key === credentialsKey) {
      const { accessToken, refreshToken } = credentialsRecord.decode(value);
      secrets.push(secretText(`${username}'s access token`, accessToken));
      secrets.push(secretText(`${username}'s refresh token`, refreshToken));
    }
    const bytes = key.startsWith(enginePrefix) && secretIn(engine, key.slice(enginePrefix.length), value);
    if (bytes) secrets.push({ name: `${username}'s ${key}`, bytes });
  }
  return secrets;
}
