/**
 * The fastest primitives that this runtime has and that give the right answers, piece by piece; portable
 * code where there are none. What is chosen is passed along: two engines of one program may differ.
 */
import type { Random } from '../../../ports/index.js';
import { chosenCurve } from './chosen-curve.js';
import { withKeyPairs, type CurveOperations } from './curve.js';
import { areSameCiphers, areSameHashes, isTrueEdwardsBase } from './known-answers.js';
import { kyber1024 } from './kyber1024.js';
import { nobleKeccak } from './ml-kem/keccak.js';
import { nobleCiphers, noblePrimitives } from './noble.js';
import { nodeCiphers } from './node/ciphers.js';
import { nodeHost, type NodeHost } from './node/crypto.js';
import { nodeCurve } from './node/curve.js';
import { nodeEdwardsBase } from './node/edwards-base.js';
import { nodeKeccak } from './node/keccak.js';
import type { Primitives } from './primitives.js';
import { webCurve } from './web/curve.js';

/** Where a platform's cryptography is found. */
export interface PlatformHosts {
  readonly node: NodeHost | undefined;
  readonly subtle: SubtleCrypto | undefined;
}

/**
 * The platform's primitives over one source of randomness.
 * @param hosts - this runtime's by default
 */
export function platformPrimitives(random: Random, hosts = platformHosts()): Primitives {
  return {
    ...noblePrimitives(random),
    ...(hosts.node ? nodePieces(hosts.node, random) : {}),
    curve: withKeyPairs(chosenCurve(curvesOf(hosts)), random),
  };
}

function platformHosts(): PlatformHosts {
  const { crypto } = globalThis as { crypto?: { subtle?: SubtleCrypto } };
  return { node: nodeHost(), subtle: crypto?.subtle };
}

/** Node's own first: WebCrypto takes three times as long there. */
function curvesOf({ node, subtle }: PlatformHosts): CurveOperations[] {
  return [...(node ? [nodeCurve(node)] : []), ...(subtle ? [webCurve(subtle)] : [])];
}

function nodePieces(host: NodeHost, random: Random): Partial<Primitives> {
  const [edwardsBase, ciphers, keccak] = [
    nodeEdwardsBase(host),
    nodeCiphers(host.crypto),
    nodeKeccak(host.crypto),
  ];
  return {
    ...(isTrueEdwardsBase(edwardsBase) ? { edwardsBase } : {}),
    ...(areSameCiphers(ciphers, nobleCiphers) ? { ciphers } : {}),
    ...(areSameHashes(keccak, nobleKeccak) ? { keccak, kyber1024: kyber1024(random, keccak) } : {}),
  };
}
