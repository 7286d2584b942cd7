/**
 * The fastest primitives that this runtime has and that give the right answers, piece by piece; portable
 * code where there are none. What is chosen is passed along: two engines of one program may differ.
 */
import type { Random } from '../../../ports/index.js';
import { chosenCurve } from './chosen-curve.js';
import { withKeyPairs, type CurveOperations } from './curve.js';
import { areSameCiphers, isTrueEdwardsBase } from './known-answers.js';
import { nobleCiphers, noblePrimitives } from './noble.js';
import { nodeCiphers } from './node/ciphers.js';
import { nodeHost } from './node/crypto.js';
import { nodeCurve } from './node/curve.js';
import { nodeEdwardsBase } from './node/edwards-base.js';
import type { Primitives } from './primitives.js';
import { webCurve } from './web/curve.js';

/** The platform's primitives over one source of randomness. */
export function platformPrimitives(random: Random): Primitives {
  const portable = noblePrimitives(random);
  return {
    ...portable,
    ...nodePieces(),
    curve: withKeyPairs(chosenCurve(platformCurves()), random),
  };
}

function nodePieces(): Partial<Pick<Primitives, 'edwardsBase' | 'ciphers'>> {
  const host = nodeHost();
  if (!host) return {};
  const [edwardsBase, ciphers] = [nodeEdwardsBase(host), nodeCiphers(host.crypto)];
  return {
    ...(isTrueEdwardsBase(edwardsBase) ? { edwardsBase } : {}),
    ...(areSameCiphers(ciphers, nobleCiphers) ? { ciphers } : {}),
  };
}

/** Node's own first: WebCrypto takes three times as long there. */
function platformCurves(): CurveOperations[] {
  const host = nodeHost();
  const { subtle } = (globalThis as { crypto?: { subtle?: SubtleCrypto } }).crypto ?? {};
  return [...(host ? [nodeCurve(host)] : []), ...(subtle ? [webCurve(subtle)] : [])];
}
