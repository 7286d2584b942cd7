/** Asks the decoder's worker, one picture at a time. */

/** What a QR code says: as a text, and as the bytes it is made of. */
export interface ScannedCode {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** To the worker. */
export interface DecodeRequest {
  readonly pixels: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** From the worker. */
export interface DecodeAnswer {
  readonly code: ScannedCode | undefined;
}

/** See the header. */
export class Decoder {
  readonly #worker = new Worker(new URL('decode-worker.ts', import.meta.url), { type: 'module' });

  /** @returns nothing where there is no code in the picture */
  async decode({ data, width, height }: ImageData): Promise<ScannedCode | undefined> {
    const request: DecodeRequest = { pixels: data, width, height };
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data: answer }: MessageEvent<DecodeAnswer>) => resolve(answer.code);
      this.#worker.onerror = () => reject(new Error('the decoder cannot be loaded'));
      this.#worker.postMessage(request, [data.buffer]);
    });
  }

  close(): void {
    this.#worker.terminate();
  }
}
