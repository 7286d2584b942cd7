/** The relay's HTTP surface as an Express application: paths, headers, errors, log lines. Knows no duty. */
import { randomUUID } from 'node:crypto';
import {
  httpOperations,
  type HttpOperation,
  type HttpOperationName,
  type ProblemDocument,
} from '@sotto/sdk/wire';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { describeUnexpected, type RelayLog } from '../logging/relay-log.js';
import type { Meter } from '../metrics/meter.js';
import { ProblemError, type Now } from '../ports.js';
import { toProblem } from '../problems.js';
import { relayLimits } from '../relay-limits.js';
import { crossOrigin } from './cross-origin.js';
import { createOpenApiDocument } from './openapi.js';
import { createPipeline, type OperationPipeline, type PipelineParts } from './operation-pipeline.js';
import { sendProblem } from './problem-response.js';
import type { Route, Routes } from './routes.js';
import type { WebApp } from './web-app.js';

/**
 * Whether requests are served. `degraded`: they are, and something that the relay can do without is away;
 * `away`: the database does not answer.
 */
export type Readiness = 'ready' | 'degraded' | 'away';

/** What the application is made of. */
export interface AppParts extends PipelineParts {
  readonly routes: Routes;
  readonly allowedOrigins: readonly string[];
  readonly readiness: () => Promise<Readiness>;
  readonly isDraining: () => boolean;
  /** Served beside the operations, if there is one. */
  readonly webApp: WebApp | undefined;
  /** Whether new work is to be turned away. */
  readonly overloaded: () => boolean;
  readonly meter: Meter;
  readonly log: RelayLog;
  readonly now: Now;
}

interface Endpoint {
  /** The name in the log. */
  readonly operation: string;
  readonly run: OperationPipeline;
  /** Answered while the relay drains, too. */
  readonly whileDraining: boolean;
}

type Endpoints = Map<string, Map<string, Endpoint>>;

function addEndpoint(endpoints: Endpoints, path: string, method: string, endpoint: Endpoint): void {
  const methods = endpoints.get(path) ?? new Map<string, Endpoint>();
  endpoints.set(path, methods.set(method, endpoint));
}

function addOperations(endpoints: Endpoints, parts: AppParts): void {
  for (const name of Object.keys(httpOperations) as HttpOperationName[]) {
    const operation: HttpOperation = httpOperations[name];
    const route = parts.routes[name] as unknown as Route<HttpOperationName>;
    const run = createPipeline(name, operation, route, parts);
    addEndpoint(endpoints, operation.path, operation.method, { operation: name, run, whileDraining: false });
  }
}

function addHealth(endpoints: Endpoints, { readiness, isDraining }: AppParts): void {
  const alive = { operation: 'health', run: async () => ({ status: 'alive' }), whileDraining: true };
  addEndpoint(endpoints, '/healthz', 'GET', alive);
  const ready = async () => {
    const status = isDraining() ? 'away' : await readiness();
    if (status === 'away') throw unavailable();
    return { status };
  };
  addEndpoint(endpoints, '/readyz', 'GET', { operation: 'readiness', run: ready, whileDraining: true });
}

function addDescription(endpoints: Endpoints): void {
  const document = createOpenApiDocument();
  const run = async () => document;
  addEndpoint(endpoints, '/openapi.json', 'GET', { operation: 'openapi', run, whileDraining: false });
}

function unavailable(): ProblemError {
  return new ProblemError('unavailable', { retryAfterMs: relayLimits.unavailableRetryAfterMs });
}

/** One request and its line in the log. */
class Exchange {
  readonly #startedAt: number;
  readonly #requestId = randomUUID();
  operation = 'unknown';

  constructor(
    readonly response: Response,
    readonly parts: Pick<AppParts, 'log' | 'now' | 'meter'>,
  ) {
    this.#startedAt = parts.now();
    response.setHeader('x-request-id', this.#requestId);
    response.setHeader('cache-control', 'no-store');
  }

  succeed(answer: unknown): void {
    this.response.status(200).type('application/json').send(JSON.stringify(answer));
    this.#writeLine('info', 200);
  }

  /** Something else has answered. */
  answered(operation: string, status: number): void {
    this.operation = operation;
    this.#writeLine('info', status);
  }

  fail(error: unknown): void {
    const problem = toProblem(error, this.#requestId);
    if (this.response.headersSent) this.response.destroy();
    else sendProblem(this.response, problem);
    const unexpected = !(error instanceof ProblemError);
    this.#writeLine(unexpected ? 'error' : 'info', problem.status, problem, unexpected ? error : undefined);
  }

  #writeLine(level: 'info' | 'error', status: number, problem?: ProblemDocument, unexpected?: unknown): void {
    const { log, now, meter } = this.parts;
    const durationMs = now() - this.#startedAt;
    meter.answered(this.operation, problem?.code ?? 'ok', durationMs);
    log.log(level, 'operation', {
      operation: this.operation,
      status,
      ...(problem ? { problem: problem.code } : {}),
      ...(unexpected === undefined ? {} : describeUnexpected(unexpected)),
      durationMs,
      requestId: this.#requestId,
    });
  }
}

function exchangeOf(response: Response): Exchange {
  return response.locals['exchange'] as Exchange;
}

function dispatch(methods: ReadonlyMap<string, Endpoint>, { isDraining, overloaded, meter }: AppParts) {
  return async (request: Request, response: Response) => {
    const endpoint = methods.get(request.method);
    if (endpoint === undefined) {
      response.setHeader('allow', [...methods.keys()].join(', '));
      throw new ProblemError('method-not-allowed');
    }
    const exchange = exchangeOf(response);
    exchange.operation = endpoint.operation;
    if (isDraining()) response.setHeader('connection', 'close');
    if (isDraining() && !endpoint.whileDraining) {
      meter.shed('draining');
      throw unavailable();
    }
    if (overloaded() && !endpoint.whileDraining) {
      meter.shed('event-loop');
      throw new ProblemError('unavailable', { retryAfterMs: relayLimits.overloadRetryAfterMs });
    }
    exchange.succeed(await endpoint.run(request, response));
  };
}

function serve(webApp: WebApp) {
  return async (request: Request, response: Response, next: NextFunction) => {
    const status = await webApp.answer(request, response);
    if (status === undefined) next();
    else exchangeOf(response).answered('web-app', status);
  };
}

/** Builds the application. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.enable('strict routing').enable('case sensitive routing');
  app.set('etag', false).set('query parser', false);
  app.use((_request, response, next) => {
    response.locals['exchange'] = new Exchange(response, parts);
    next();
  });
  // An answer is data: whatever renders it may load, run and frame nothing.
  const contentSecurityPolicy = {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  };
  app.use(helmet({ contentSecurityPolicy }));
  app.use(crossOrigin(parts.allowedOrigins));
  const endpoints: Endpoints = new Map();
  addOperations(endpoints, parts);
  addHealth(endpoints, parts);
  addDescription(endpoints);
  for (const [path, methods] of endpoints) app.all(path, dispatch(methods, parts));
  if (parts.webApp) app.use(serve(parts.webApp));
  app.use(() => {
    throw new ProblemError('not-found');
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    exchangeOf(response).fail(error);
  });
  return app;
}
