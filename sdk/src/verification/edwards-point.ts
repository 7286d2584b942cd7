/**
 * Points of edwards25519 by noble, without the signature scheme that its `ed25519` brings along: the protocol
 * signs otherwise, and a page that verifies would carry both. Knows no key and no signature.
 */
import { edwards } from '@noble/curves/abstract/edwards.js';

const p = 2n ** 255n - 19n;

/** RFC 8032, section 5.1. */
export const Point = /* @__PURE__ */ edwards({
  p,
  n: 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n,
  h: 8n,
  a: p - 1n,
  d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
  Gx: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
  Gy: 0x6666666666666666666666666666666666666666666666666666666666666658n,
});

/** A point. */
export type EdwardsPoint = InstanceType<typeof Point>;
