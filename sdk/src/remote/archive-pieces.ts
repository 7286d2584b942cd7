/** An archive that comes or goes over a port, each piece asked for before it crosses. Knows no frame. */
import { SottoError } from '../errors.js';
import { concatBytes } from '../bytes.js';

/** An archive that comes: a stream here, whose pieces are asked for there. */
export class ArchivePull {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #asked = false;
  #received: () => void = () => undefined;

  /** @param onCancel - nobody wants the rest */
  constructor(ask: () => void, onCancel: () => void = () => undefined) {
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () =>
          new Promise((resolve) => {
            this.#received = resolve;
            this.#asked = true;
            ask();
          }),
        cancel: () => {
          this.#over();
          onCancel();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** A piece came. What was not asked for is not kept, and ends it all. */
  push(piece: Uint8Array): void {
    if (!this.#asked) {
      this.fail(new SottoError('remote-failed'));
      return;
    }
    this.#asked = false;
    this.#controller?.enqueue(piece as Uint8Array<ArrayBuffer>);
    this.#received();
  }

  /** There are no more. */
  end(): void {
    this.#controller?.close();
    this.#over();
  }

  /** There are more, and they will not come. */
  fail(reason: unknown): void {
    this.#controller?.error(reason);
    this.#over();
  }

  #over(): void {
    this.#controller = undefined;
    this.#received();
  }
}

/**
 * The pieces of a stream as they cross: copies, none of them larger than `maxBytes`.
 * @param gatheredBytes - smaller ones are joined up to this; with 0 none waits for another
 */
export async function* piecesOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { maxBytes, gatheredBytes }: { readonly maxBytes: number; readonly gatheredBytes: number },
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  const take = () => {
    const piece = concatBytes(...gathered);
    gathered = [];
    length = 0;
    return piece;
  };
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const { value } = next;
    if (!(value instanceof Uint8Array)) throw new TypeError('the stream must be one of Uint8Array');
    for (let from = 0; from < value.length; from += maxBytes) {
      const part = value.subarray(from, from + maxBytes);
      if (length + part.length > maxBytes) yield take();
      gathered.push(part);
      length += part.length;
      if (length >= gatheredBytes) yield take();
    }
  }
  if (length > 0) yield take();
}
