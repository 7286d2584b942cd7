/** A device that has lost its sessions and nothing else. */
import { expect } from 'vitest';
import { memoryStorage } from '../../src/storage/memory/index.js';
import type { Party } from './party.js';

/** A device loses what it knows of its sessions, as an old copy of its storage would. */
export async function loseSessions(party: Party): Promise<void> {
  party.kill();
  const storage = memoryStorage({ medium: party.medium });
  const fence = await storage.acquire();
  const changes = [];
  for await (const { key } of storage.list('engine/session/')) changes.push({ key, value: undefined });
  expect(changes.length).toBeGreaterThan(0);
  await storage.commit(changes, { fence });
  await storage.close();
  await party.start();
  await party.online();
}
