/** What is made once per database. */
import type { Database } from '../../ports.js';

/**
 * The relay's id: a random UUID that the first node makes. It salts login keys and names the relay in
 * tokens, so it lives and dies with the accounts.
 */
export async function loadRelayId(database: Database, newId: () => string): Promise<string> {
  await database.query(
    "INSERT INTO relay_settings (name, value) VALUES ('relay-id', $1) ON CONFLICT DO NOTHING",
    [newId()],
  );
  const [row] = await database.query<{ value: string }>(
    "SELECT value FROM relay_settings WHERE name = 'relay-id'",
  );
  if (row === undefined) throw new Error('the relay id was removed');
  return row.value;
}
