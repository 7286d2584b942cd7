/**
 * The request/response operations over HTTP: JSON through `fetch`, bounded in size and time. Knows no
 * stream and repeats nothing.
 */
import { concatBytes } from '../../bytes.js';
import { SottoError } from '../../errors.js';
import type { Clock } from '../../ports/host.js';
import type { TransportRequestOptions } from '../../ports/transport.js';
import {
  httpOperations,
  wireLimits,
  type HttpOperationName,
  type RequestOf,
  type ResponseOf,
} from '../../wire/index.js';
import { decodeHttpResponse, encodeHttpRequest } from '../operation-codec.js';
import { parseProblem, problemToError } from '../problem-error.js';
import { waitFor } from '../request-wait.js';

/**
 * A key upload's results are some 40 KiB, a bundle of 32 devices some 150 KiB, its manifest of 127
 * devices some 15 KiB: what is larger than this is no answer of a relay.
 */
const maxResponseBytes = wireLimits.maxKeyUploadBytes;

/** The platform's `fetch`, or one that behaves like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What the client needs. */
export interface HttpClientParts {
  /** The relay's origin, without a trailing slash. */
  readonly origin: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Aborts when the transport closes. */
  readonly closing: AbortSignal;
}

/** See the header. */
export class HttpClient {
  readonly #parts: HttpClientParts;

  constructor(parts: HttpClientParts) {
    this.#parts = parts;
  }

  /** As the port's `request`. */
  async request<Name extends HttpOperationName>(
    operation: Name,
    input: RequestOf<Name>,
    options: TransportRequestOptions,
  ): Promise<ResponseOf<Name>> {
    const { clock, closing } = this.#parts;
    const body = encodeHttpRequest(operation, input);
    const json = await waitFor((stop) => this.#exchange(operation, body, options.accessToken, stop), {
      clock,
      closing,
      signal: options.signal,
    });
    return decodeHttpResponse(operation, json);
  }

  async #exchange(
    operation: HttpOperationName,
    body: unknown,
    accessToken: string | undefined,
    stop: AbortSignal,
  ): Promise<unknown> {
    const response = await this.#fetch(operation, requestInit(operation, body, accessToken, stop));
    const json = await readJson(response);
    if (response.ok) return json;
    const problem = parseProblem(json);
    // A proxy's or another server's error page is not the relay's word.
    throw problem?.status === response.status ? problemToError(problem) : new SottoError('invalid-response');
  }

  async #fetch(operation: HttpOperationName, init: RequestInit): Promise<Response> {
    try {
      return await this.#parts.fetch(`${this.#parts.origin}${httpOperations[operation].path}`, init);
    } catch (error) {
      throw new SottoError('offline', { cause: error });
    }
  }
}

function requestInit(
  operation: HttpOperationName,
  body: unknown,
  accessToken: string | undefined,
  signal: AbortSignal,
): RequestInit {
  const { method } = httpOperations[operation];
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  if (accessToken !== undefined) headers['authorization'] = `Bearer ${accessToken}`;
  if (method === 'POST') headers['content-type'] = 'application/json';
  return {
    method,
    headers,
    signal,
    ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    // No cookies, no caches, and no other address than the one that was given.
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  };
}

async function readJson(response: Response): Promise<unknown> {
  const bytes = await readBounded(response);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The cause would quote the answer.
    throw new SottoError('invalid-response');
  }
}

/** Reads no more than the limit: what a header says of the length is only a claim. */
async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  for (;;) {
    const chunk = await readChunk(reader);
    if (!chunk) break;
    length += chunk.length;
    if (length > maxResponseBytes) {
      await reader.cancel().catch(() => undefined);
      throw new SottoError('invalid-response');
    }
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (error) {
    // The connection broke in the middle of the answer.
    throw new SottoError('offline', { cause: error });
  }
}
