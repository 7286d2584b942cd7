import { expect, it } from 'vitest';
import { libsignalEngine } from '../../src/engines/libsignal/index.js';
import { createMessenger } from '../../src/messenger.js';
import { createMemoryMedium, memoryStorage } from '../../src/storage/memory/index.js';
import { createTestNetwork } from '../../src/testing/index.js';

it('an account is not opened with an engine that cannot read its records', async () => {
  const network = createTestNetwork();
  const medium = createMemoryMedium();
  const engine = libsignalEngine();
  const open = (overrides: object) =>
    createMessenger({
      engine: { ...engine, ...overrides },
      storage: memoryStorage({ medium }),
      transport: network.transport(),
    });
  const first = await open({});
  await first.account.register({ username: 'alice', password: 'a long enough password' });
  await first.close();
  const expected = { code: 'engine-mismatch', details: { engine: 'libsignal' } };
  await expect(open({ name: 'other' })).rejects.toMatchObject(expected);
  await expect(open({ recordVersion: 2 })).rejects.toMatchObject(expected);
  const again = await open({});
  expect((await again.account.profile())?.username).toBe('alice');
  await again.close();
});
