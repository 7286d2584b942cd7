/** The form of a vector file and its spelling on disk. Knows no operation. */

/** One test. */
export interface VectorTest {
  readonly id: string;
  readonly comment?: string;
  readonly flags: readonly string[];
  readonly source: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly result: 'valid' | 'invalid';
  readonly failure?: string;
  readonly output?: Readonly<Record<string, unknown>>;
}

/** One file; see `schema.json`. */
export interface VectorFile {
  readonly operation: string;
  readonly schemaVersion: 1;
  readonly about: string;
  readonly hex: readonly string[];
  readonly tests: readonly VectorTest[];
}

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Bytes of hexadecimal. */
export function unhex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Bytes that a reader can type again: 0, 1, 2 … from a start. */
export function counting(length: number, start = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (start + index) & 255);
}

/** A file as it is committed. */
export function spell(file: VectorFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}
