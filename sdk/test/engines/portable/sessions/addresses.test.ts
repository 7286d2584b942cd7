import { describe, expect, it } from 'vitest';
import { parsePreKeySignalMessage } from '../../../../src/engines/portable/messages/pre-key-signal-message.js';
import { addressesBytes } from '../../../../src/engines/portable/messages/service-id.js';
import { parseSignalMessage } from '../../../../src/engines/portable/messages/signal-message.js';
import type { TestDevice } from '../../../../src/testing/engine-conformance-kit.js';
import type { DeviceAddress } from '../../../../src/wire/index.js';
import { devices, roles } from '../support.js';

/** Sees a device under another name, as a relay might show it. */
function renamed(device: TestDevice, change: Partial<Record<'accountId' | 'deviceId', unknown>>): TestDevice {
  const address = { ...device.address, ...change } as DeviceAddress;
  return Object.create(device, {
    our: { value: { ...device.our, address } },
  }) as TestDevice;
}

describe.each(roles)('%s to %s: who writes to whom', (initiator, recipient) => {
  it('stands in first messages and in no others', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob);
    const first = await alice.encrypt(bob, 'first');
    const { message } = parsePreKeySignalMessage(first.ciphertext);
    expect(message.addresses).toEqual(addressesBytes(alice.address, bob.address));
    await bob.decrypt(alice, first);
    const answer = await bob.encrypt(alice, 'answer');
    expect(parseSignalMessage(answer.ciphertext).addresses).toBeUndefined();
  });

  it('is checked against sender and recipient, account and device', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    await alice.startSession(bob);
    const first = await alice.encrypt(bob, 'first');
    for (const change of [{ deviceId: 9 }, { accountId: 'no service id' }]) {
      await bob.assertRefuses(renamed(alice, change), first, 'invalid-message', 'another sender');
      const other = renamed(bob, change);
      await other.assertRefuses(alice, first, 'invalid-message', 'another recipient');
    }
    await bob.decrypt(alice, first);
  });

  it('is left out where a name is no service id', async () => {
    const [alice, bob] = await devices(initiator, recipient);
    const nameless = renamed(alice, { accountId: 'alice' });
    await nameless.startSession(bob);
    const first = await nameless.encrypt(bob, 'first');
    expect(parsePreKeySignalMessage(first.ciphertext).message.addresses).toBeUndefined();
    // Nothing in the message says whose it is: under any name it decrypts.
    await bob.decrypt(renamed(alice, { accountId: 'another', deviceId: 5 }), first);
  });
});
