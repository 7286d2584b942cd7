/** Every provider of primitives that this runtime can have: Node all of them, a browser all but Node's. */
import { nobleOperations, type CurveOperations } from '../../../../src/engines/portable/primitives/curve.js';
import { noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { nodeHost, type NodeHost } from '../../../../src/engines/portable/primitives/node/crypto.js';
import { nodeCurve } from '../../../../src/engines/portable/primitives/node/curve.js';
import { platformPrimitives } from '../../../../src/engines/portable/primitives/platform.js';
import type { Primitives } from '../../../../src/engines/portable/primitives/primitives.js';
import { webCurve } from '../../../../src/engines/portable/primitives/web/curve.js';
import type { Random } from '../../../../src/ports/index.js';

const found = nodeHost();

/** `node:crypto`; for tests that run in Node alone. */
export const host = found as NodeHost;

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
  ...(found ? [nodeProvider(found)] : []),
  {
    name: 'WebCrypto',
    curve: webCurve(subtle),
    primitives: (random) => platformPrimitives(random, { node: undefined, subtle }),
  },
];

function nodeProvider(node: NodeHost): Provider {
  return {
    name: 'node:crypto',
    curve: nodeCurve(node),
    primitives: (random) => platformPrimitives(random, { node, subtle: undefined }),
  };
}
