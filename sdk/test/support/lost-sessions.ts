/** A device that has lost a part of what it knows, and nothing else. */
import { expect } from 'vitest';
import { memoryStorage } from '../../src/storage/memory/index.js';
import type { Party } from './party.js';
import { commitStored } from './stored-records.js';

/** A device loses what it knows of its sessions, as an old copy of its storage would. */
export function loseSessions(party: Party): Promise<void> {
  return loseRecords(party, 'engine/session/');
}

/** A device loses every private pre-key that it has. The relay goes on handing out the public ones. */
export async function losePreKeys(party: Party): Promise<void> {
  for (const kind of ['pre-key/', 'signed-pre-key/', 'kem-pre-key/'])
    await loseRecords(party, `engine/${kind}`);
}

async function loseRecords(party: Party, prefix: string): Promise<void> {
  party.kill();
  const changes = [];
  for await (const { key } of memoryStorage({ medium: party.medium }).list(prefix))
    changes.push({ key, value: undefined });
  expect(changes.length).toBeGreaterThan(0);
  await commitStored(party.medium, changes);
  await party.start();
  await party.online();
}
