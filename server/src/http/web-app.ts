/**
 * A built web application that the relay serves beside its own operations: read once, kept in memory, so that no
 * request names a path of the disk. Knows no operation.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { Request, Response } from 'express';
import { OperatorError } from '../operator-error.js';
import { relayLimits } from '../relay-limits.js';

const compress = promisify(brotliCompress);
/** Near the best at a tenth of its time. */
const compression = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Files of other kinds are not served. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** Code and styles from files of this origin alone, talking to this origin alone. */
const contentSecurityPolicy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src', 'worker-src', 'manifest-src'].map(
    (directive) => `${directive} 'self'`,
  ),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((directive) => `${directive} 'none'`),
].join('; ');
const permissionsPolicy = 'camera=(self), microphone=(), geolocation=(), payment=(), usb=()';

/** What the build names after its content, and a browser may keep for good. */
const immutableFolder = '/assets/';

/** What is wrong with the folder, in one line for the operator. */
class WebAppError extends OperatorError {
  override readonly name = 'WebAppError';
}

class WebFile {
  readonly etag: string;
  #compressed: Promise<Buffer> | undefined;

  constructor(
    readonly path: string,
    readonly body: Buffer,
  ) {
    this.etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  }

  /** Made when it is first asked for. */
  get compressed(): Promise<Buffer> {
    return (this.#compressed ??= compress(this.body, compression));
  }
}

async function* filesBelow(folder: string, path = '/'): AsyncGenerator<string> {
  for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
    if (entry.isDirectory()) yield* filesBelow(folder, `${path}${entry.name}/`);
    else if (entry.isFile() && extname(entry.name) in contentTypes) yield path + entry.name;
  }
}

/** See the file's header. */
export class WebApp {
  readonly #files: ReadonlyMap<string, WebFile>;

  private constructor(files: ReadonlyMap<string, WebFile>) {
    this.#files = files;
  }

  /** @throws OperatorError when the folder cannot be read, has no `index.html`, or holds too much */
  static async load(folder: string): Promise<WebApp> {
    const files = new Map<string, WebFile>();
    let bytes = 0;
    try {
      for await (const path of filesBelow(folder)) {
        const file = new WebFile(path, await readFile(join(folder, path)));
        bytes += file.body.length;
        if (bytes > relayLimits.maxWebAppBytes)
          throw new WebAppError('SOTTO_APP holds more than an application');
        files.set(path, file);
      }
    } catch (error) {
      if (error instanceof WebAppError) throw error;
      throw new WebAppError('SOTTO_APP is no folder that can be read');
    }
    if (!files.has('/index.html'))
      throw new WebAppError('SOTTO_APP has no index.html: build the application first');
    return new WebApp(files);
  }

  /**
   * Answers a request for a file, and one of somebody who opens an address of the application with its page.
   * @returns the status, or nothing where the request is for something else
   */
  async answer(request: Request, response: Response): Promise<number | undefined> {
    const file = this.#find(request);
    if (!file) return undefined;
    setHeaders(file, response);
    if (request.headers['if-none-match'] === file.etag) {
      response.status(304).end();
      return 304;
    }
    const takesBrotli = request.acceptsEncodings('br') === 'br';
    if (takesBrotli) response.setHeader('content-encoding', 'br');
    const body = takesBrotli ? await file.compressed : file.body;
    response.status(200).end(request.method === 'HEAD' ? undefined : body);
    return 200;
  }

  #find({ method, path, headers }: Request): WebFile | undefined {
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    const isPage = (headers.accept ?? '').includes('text/html') && extname(path) === '';
    return this.#files.get(path === '/' || isPage ? '/index.html' : path);
  }
}

function setHeaders(file: WebFile, response: Response): void {
  const isImmutable = file.path.startsWith(immutableFolder);
  response.setHeader('content-type', contentTypes[extname(file.path)] as string);
  response.setHeader('cache-control', isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('etag', file.etag);
  response.setHeader('content-security-policy', contentSecurityPolicy);
  response.setHeader('permissions-policy', permissionsPolicy);
  response.vary('Accept-Encoding');
}
