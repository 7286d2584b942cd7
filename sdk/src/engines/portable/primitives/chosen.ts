/**
 * The first of several implementations that gives the right answers. Whether one does is known only after
 * it was asked, later: it is asked at the first use, once. Knows no platform.
 */
import { portableOperations, type CurveOperations } from './curve.js';
import { areSameCiphers, isTrueCurve } from './known-answers.js';
import { nobleCiphers } from './noble.js';
import type { Awaitable, Ciphers } from './primitives.js';

/** The first curve that passes, portable code if none does. */
export function chosenCurve(candidates: readonly CurveOperations[]): CurveOperations {
  const use = chosen(candidates, isTrueCurve, portableOperations);
  return {
    agree: (privateKey, publicKey) => use((curve) => curve.agree(privateKey, publicKey)),
    publicKeyOf: (privateKey) => use((curve) => curve.publicKeyOf(privateKey)),
  };
}

/** The first ciphers that pass, portable code if none do. */
export function chosenCiphers(candidates: readonly Ciphers[]): Ciphers {
  const areTrue = (candidate: Ciphers) => areSameCiphers(candidate, nobleCiphers);
  const use = chosen(candidates, areTrue, nobleCiphers);
  return {
    aesCbcEncrypt: (...input) => use(({ aesCbcEncrypt }) => aesCbcEncrypt(...input)),
    aesCbcDecrypt: (...input) => use(({ aesCbcDecrypt }) => aesCbcDecrypt(...input)),
    aesCtr: (...input) => use(({ aesCtr }) => aesCtr(...input)),
    hmacSha256: (...input) => use(({ hmacSha256 }) => hmacSha256(...input)),
  };
}

/** Runs something over the choice: at once when it was made, later when it has to be made first. */
type Use<Piece> = <Result>(run: (piece: Piece) => Awaitable<Result>) => Awaitable<Result>;

function chosen<Piece>(
  candidates: readonly Piece[],
  passes: (candidate: Piece) => Promise<boolean>,
  portable: Piece,
): Use<Piece> {
  let choice: Piece | undefined;
  let choosing: Promise<Piece> | undefined;
  const choose = async () => {
    for (const candidate of candidates) if (await passes(candidate)) return (choice = candidate);
    return (choice = portable);
  };
  return (run) => (choice === undefined ? (choosing ??= choose()).then(run) : run(choice));
}
