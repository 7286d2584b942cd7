/** Every provider of primitives that this runtime can have: Node all of them, a browser all but Node's. */
import {
  portableOperations,
  type CurveOperations,
} from '../../../../src/engines/portable/primitives/curve.js';
import { nodeCiphers } from '../../../../src/engines/portable/primitives/node/ciphers.js';
import { webCiphers } from '../../../../src/engines/portable/primitives/web/ciphers.js';
import { nobleCiphers, noblePrimitives } from '../../../../src/engines/portable/primitives/noble.js';
import { nodeHost, type NodeHost } from '../../../../src/engines/portable/primitives/node/crypto.js';
import { nodeCurve } from '../../../../src/engines/portable/primitives/node/curve.js';
import { platformPrimitives } from '../../../../src/engines/portable/primitives/platform.js';
import type { Ciphers, Primitives } from '../../../../src/engines/portable/primitives/primitives.js';
import { webCurve } from '../../../../src/engines/portable/primitives/web/curve.js';
import type { Random } from '../../../../src/ports/index.js';

const found = nodeHost();

/** `node:crypto`; for tests that run in Node alone. */
export const host = found as NodeHost;

const { subtle } = globalThis.crypto;

/** A provider, and its pieces without the choice of them. */
export interface Provider {
  readonly name: string;
  readonly curve: CurveOperations;
  /** For messages of every length. */
  readonly ciphers: Ciphers;
  readonly primitives: (random: Random) => Primitives;
}

/** All of them. */
export const providers: readonly Provider[] = [
  { name: 'noble', curve: portableOperations, ciphers: nobleCiphers, primitives: noblePrimitives },
  ...(found ? [nodeProvider(found)] : []),
  {
    name: 'WebCrypto',
    curve: webCurve(subtle),
    ciphers: webCiphers(subtle, nobleCiphers, 0),
    primitives: (random) => platformPrimitives(random, { node: undefined, subtle }),
  },
];

function nodeProvider(node: NodeHost): Provider {
  return {
    name: 'node:crypto',
    curve: nodeCurve(node),
    ciphers: nodeCiphers(node.crypto),
    primitives: (random) => platformPrimitives(random, { node, subtle: undefined }),
  };
}
