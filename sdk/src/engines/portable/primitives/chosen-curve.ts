/**
 * The first of several curves that gives the right answers. Whether one does is known only after it was
 * asked, later: it is asked at the first use, once. Knows no platform.
 */
import { nobleOperations, type CurveOperations } from './curve.js';
import { isTrueCurve } from './known-answers.js';

/** The first of the candidates that passes, portable code if none does. */
export function chosenCurve(candidates: readonly CurveOperations[]): CurveOperations {
  let chosen: CurveOperations | undefined;
  let choosing: Promise<CurveOperations> | undefined;
  const choose = async () => (chosen = await firstTrue(candidates));
  const asked = () => (choosing ??= choose());
  return {
    agree: (privateKey, publicKey) =>
      chosen
        ? chosen.agree(privateKey, publicKey)
        : asked().then((curve) => curve.agree(privateKey, publicKey)),
    publicKeyOf: (privateKey) =>
      chosen ? chosen.publicKeyOf(privateKey) : asked().then((curve) => curve.publicKeyOf(privateKey)),
  };
}

async function firstTrue(candidates: readonly CurveOperations[]): Promise<CurveOperations> {
  for (const candidate of candidates) {
    if (await isTrueCurve(candidate)) return candidate;
  }
  return nobleOperations;
}
