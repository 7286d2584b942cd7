/** The protocol's primitives in portable code: what runs everywhere, and what every other provider must equal. */
import type { Random } from '../../../ports/index.js';
import { nobleCurve } from './curve.js';
import { nobleKyber1024 } from './kyber1024.js';
import type { Primitives } from './primitives.js';

/** Portable primitives over one source of randomness. */
export function noblePrimitives(random: Random): Primitives {
  return { curve: nobleCurve(random), kyber1024: nobleKyber1024(random), random };
}
