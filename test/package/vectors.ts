/**
 * The vectors that `portable.ts` checks. None in the repository: where the packages are installed, the tests of
 * some files of `test-vectors/` are written in this module's place.
 */

/** A test of `test-vectors/`; bytes are hexadecimal. */
export interface VectorTest {
  readonly id: string;
  readonly input: object;
  readonly output?: object;
  readonly failure?: string;
}

/** Tests by operation. */
export const vectors: Readonly<Record<string, readonly VectorTest[]>> = {};
