/**
 * Multiples of the Edwards base point by `node:crypto`, which has no such function: two public keys of
 * X25519 give the point, see `../edwards-base.ts`. They are computed in constant time; what is left to do
 * in portable code is over the point, which is public. Knows no signature.
 */
import { numberToBytesLE } from '@noble/curves/utils.js';
import { clampedScalar, nobleEdwardsBase, pointFromCoordinates } from '../edwards-base.js';
import type { EdwardsBase } from '../primitives.js';
import type { NodeHost } from './crypto.js';
import { coordinateOf, importPrivateKey } from './curve.js';

const scalarLength = 32;

/** Multiplication over `node:crypto`. */
export function nodeEdwardsBase(host: NodeHost): EdwardsBase {
  const coordinate = (scalar: bigint) =>
    coordinateOf(host, importPrivateKey(host, numberToBytesLE(scalar, scalarLength)));
  return {
    multiply(scalar) {
      const [clamped, next] = [clampedScalar(scalar), clampedScalar(scalar + 1n)];
      if (clamped === undefined || next === undefined) return nobleEdwardsBase.multiply(scalar);
      return pointFromCoordinates(coordinate(clamped), coordinate(next));
    },
  };
}
