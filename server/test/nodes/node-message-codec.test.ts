import { randomBytes, randomUUID } from 'node:crypto';
import type { AccountId, DeviceAddress, DeviceId, Envelope, EnvelopeId } from '@sotto/sdk/wire';
import { describe, expect, it } from 'vitest';
import { nodeLimits } from '../../src/nodes/limits.js';
import type { NodeMessage } from '../../src/nodes/node-exchange.js';
import { decodePublication, encodePublication } from '../../src/nodes/node-message-codec.js';
import { Outgoing } from '../../src/nodes/outgoing.js';

const device = (): DeviceAddress => ({ accountId: randomUUID() as AccountId, deviceId: 3 as DeviceId });
const envelope = (length: number): Envelope => ({
  id: randomUUID() as EnvelopeId,
  sender: device(),
  kind: 'message',
  ciphertext: new Uint8Array(randomBytes(length)),
  acceptedAt: 1_800_000_000_000,
});
const messages: readonly NodeMessage[] = [
  { kind: 'delivered', device: device(), seq: 1, envelope: envelope(512) },
  { kind: 'signed-out', device: device() },
  { kind: 'delivered', device: device(), seq: 2 ** 40 },
  { kind: 'keys-low', device: device() },
  { kind: 'delivered', device: device(), seq: 7, envelope: envelope(1) },
];

describe('a publication', () => {
  it.each([true, false])('comes out as it went in (forwarded: %s)', (forwarded) => {
    expect(decodePublication(encodePublication({ messages, forwarded }))).toEqual({ messages, forwarded });
  });

  it('is refused when it is cut anywhere', () => {
    const bytes = encodePublication({ messages, forwarded: false });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodePublication(bytes.subarray(0, length))).toThrow();
    }
  });
});

describe('what waits to be told', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('goes out once a turn, large ciphertexts left out', async () => {
    const passed: (readonly NodeMessage[])[] = [];
    const outgoing = new Outgoing(async (some) => void passed.push(some));
    const large = {
      kind: 'delivered',
      device: device(),
      seq: 9,
      envelope: envelope(nodeLimits.maxCarriedBytes + 1),
    } as const;
    outgoing.add(messages);
    outgoing.add([large]);
    await turn();
    expect(passed).toEqual([[...messages, { kind: 'delivered', device: large.device, seq: 9 }]]);
  });

  it('is bounded: what is too much, or meets too many publications under way, is dropped', async () => {
    const passed: number[] = [];
    const outgoing = new Outgoing((some) => {
      passed.push(some.length);
      return new Promise(() => {});
    });
    const many = Array.from({ length: nodeLimits.maxWaitingMessages }, () => messages[1]!);
    outgoing.add(many);
    outgoing.add(messages);
    await turn();
    expect(passed).toEqual([nodeLimits.maxWaitingMessages]);
    for (let count = 0; count < nodeLimits.maxPublicationsUnderWay; count += 1) {
      outgoing.add(messages);
      await turn();
    }
    expect(passed).toHaveLength(nodeLimits.maxPublicationsUnderWay);
  });
});
