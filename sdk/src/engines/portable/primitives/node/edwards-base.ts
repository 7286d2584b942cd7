/**
 * Multiples of the Edwards base point by `node:crypto`, which has no such function: two public keys of
 * X25519 give the point, see `../edwards-base.ts`. They are computed in constant time; what is left to do
 * in portable code is over the point, which is public. Knows no signature.
 */
import { bytesOf } from '../../../../verification/field.js';
import { clampedScalar, portableEdwardsBase, pointFromCoordinates } from '../edwards-base.js';
import type { EdwardsBase } from '../primitives.js';
import type { NodeHost } from './crypto.js';
import { coordinateOf, importPrivateKey } from './curve.js';

/** Multiplication over `node:crypto`. */
export function nodeEdwardsBase(host: NodeHost): EdwardsBase {
  const coordinate = (scalar: bigint) => coordinateOf(host, importPrivateKey(host, bytesOf(scalar)));
  return {
    multiply(scalar) {
      const [clamped, next] = [clampedScalar(scalar), clampedScalar(scalar + 1n)];
      if (clamped === undefined || next === undefined) return portableEdwardsBase.multiply(scalar);
      return pointFromCoordinates(coordinate(clamped), coordinate(next));
    },
  };
}
