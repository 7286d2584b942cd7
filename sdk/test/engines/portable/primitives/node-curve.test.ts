import { expect, it } from 'vitest';
import { parsePrivateKey } from '../../../../src/engines/portable/primitives/keys.js';
import { nodeCurve } from '../../../../src/engines/portable/primitives/node/curve.js';
import { host } from './providers.js';
import { randomFor, slow } from './support.js';

/** Node 20 has hung after some thousand key pairs, by another way of making them. */
it('node:crypto makes key after key', () => {
  const random = randomFor('many keys');
  const curve = nodeCurve(host);
  const count = slow ? 100_000 : 5_000;
  const distinct = new Set<string>();
  for (let round = 0; round < count; round += 1) {
    distinct.add((curve.publicKeyOf(parsePrivateKey(random.bytes(32))) as Uint8Array).join());
  }
  expect(distinct.size).toBe(count);
});
