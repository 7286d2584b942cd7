/** Reads JSON bodies, bounded and strict. Knows no schema. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import { ProblemError } from '../ports.js';

const jsonType = /^application\/json(?:\s*;\s*charset="?utf-8"?)?\s*$/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads a body as a JSON object. */
export type BodyReader = (request: Request, response: Response) => Promise<Readonly<Record<string, unknown>>>;

function refuse(field: string): ProblemError {
  return new ProblemError('invalid-request', { fields: [field] });
}

function run(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('the body cannot be read'));
    };
    void middleware(request, response, done);
  });
}

function parse(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    throw refuse('body');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('body');
  return value as Record<string, unknown>;
}

/**
 * @param maxBytes - a larger body is not read
 * @returns a reader that throws ProblemError `invalid-request` or `payload-too-large`
 */
export function createBodyReader(maxBytes: number): BodyReader {
  const raw = express.raw({ limit: maxBytes, type: () => true, inflate: false });
  return async (request, response) => {
    if (!jsonType.test(request.headers['content-type'] ?? '')) throw refuse('content-type');
    try {
      await run(raw, request, response);
    } catch (error) {
      const tooLarge = (error as { type?: unknown }).type === 'entity.too.large';
      throw tooLarge ? new ProblemError('payload-too-large') : refuse('body');
    }
    if (!Buffer.isBuffer(request.body)) throw refuse('body');
    return parse(request.body);
  };
}
