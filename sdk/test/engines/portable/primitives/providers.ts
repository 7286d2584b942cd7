/** Every provider of primitives that this runtime can have, Node's being the one with most. */
import { nobleOperations, type CurveOperations } from '../../../../src/engines/portable/primitives/curve.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { nodeHost, type NodeHost } from '../../../../src/engines/portable/primitives/node/crypto.js';
import { nodeCurve } from '../../../../src/engines/portable/primitives/node/curve.js';
import { platformPrimitives } from '../../../../src/engines/portable/primitives/platform.js';
import type { Primitives } from '../../../../src/engines/portable/primitives/primitives.js';
import { webCurve } from '../../../../src/engines/portable/primitives/web/curve.js';
import type { Random } from '../../../../src/ports/index.js';

/** `node:crypto`, which is there where tests run. */
export const host = nodeHost() as NodeHost;

const { subtle } = globalThis.crypto;

/** A provider, and its curve without the choice of one. */
export interface Provider {
  readonly name: string;
  readonly curve: CurveOperations;
  readonly primitives: (random: Random) => Primitives;
}

/** All of them. */
export const providers: readonly Provider[] = [
  { name: 'noble', curve: nobleOperations, primitives: noblePrimitives },
  {
    name: 'node:crypto',
    curve: nodeCurve(host),
    primitives: (random) => platformPrimitives(random, { node: host, subtle: undefined }),
  },
  {
    name: 'WebCrypto',
    curve: webCurve(subtle),
    primitives: (random) => platformPrimitives(random, { node: undefined, subtle }),
  },
];
