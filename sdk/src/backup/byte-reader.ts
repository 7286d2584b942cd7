/** Exact numbers of bytes from a web stream. Holds what was asked for and one piece of the stream. Knows no format. */

/** See the header. */
export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  #read = 0;

  /** @param stream - read by nobody else from now on */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** How many bytes were taken. */
  get bytesRead(): number {
    return this.#read;
  }

  /** @returns so many bytes, or fewer where the stream has ended; they belong to the caller */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(length);
    let filled = 0;
    while (filled < length && (await this.#fill())) {
      const part = this.#piece.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    this.#read += filled;
    return filled === length ? taken : taken.slice(0, filled);
  }

  /** Lets go of the stream, of which nothing more is wanted. */
  async release(reason?: unknown): Promise<void> {
    // A source that fails to stop has nothing to say to whoever is done with it.
    await this.#reader.cancel(reason).catch(() => undefined);
    this.#reader.releaseLock();
  }

  /** Whether there is a piece with bytes. */
  async #fill(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      if (!(value instanceof Uint8Array)) throw new TypeError('the stream must be one of Uint8Array');
      this.#piece = value;
    }
    return true;
  }
}
