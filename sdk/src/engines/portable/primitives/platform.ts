/**
 * The fastest primitives that this runtime has and that give the right answers, piece by piece; portable
 * code where there are none. What is chosen is passed along: two engines of one program may differ.
 */
import type { Random } from '../../../ports/index.js';
import { chosenCiphers, chosenCurve } from './chosen.js';
import { withKeyPairs, type CurveOperations } from './curve.js';
import { sha512 } from './hash.js';
import { areSameHashes, isSameHash, isTrueEdwardsBase } from './known-answers.js';
import { kyber1024 } from './kyber1024.js';
import { nobleKeccak } from './ml-kem/keccak.js';
import { nobleCiphers, noblePrimitives } from './noble.js';
import { nodeCiphers, nodeSha512 } from './node/ciphers.js';
import { nodeHost, type NodeHost } from './node/crypto.js';
import { nodeCurve } from './node/curve.js';
import { nodeEdwardsBase } from './node/edwards-base.js';
import { nodeKeccak } from './node/keccak.js';
import type { Ciphers, Primitives } from './primitives.js';
import { webCiphers } from './web/ciphers.js';
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
    ciphers: chosenCiphers(ciphersOf(hosts)),
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

function ciphersOf({ node, subtle }: PlatformHosts): Ciphers[] {
  return [...(node ? [nodeCiphers(node.crypto)] : []), ...(subtle ? [webCiphers(subtle, nobleCiphers)] : [])];
}

/** What has to answer at once. */
function nodePieces(host: NodeHost, random: Random): Partial<Primitives> {
  const [edwardsBase, hash, keccak] = [
    nodeEdwardsBase(host),
    nodeSha512(host.crypto),
    nodeKeccak(host.crypto),
  ];
  return {
    ...(isTrueEdwardsBase(edwardsBase) ? { edwardsBase } : {}),
    ...(isSameHash(hash, sha512) ? { sha512: hash } : {}),
    ...(areSameHashes(keccak, nobleKeccak) ? { keccak, kyber1024: kyber1024(random, keccak) } : {}),
  };
}
