/**
 * The OpenAPI document of the operations over HTTP, made from the wire's table and nothing else.
 * Pure: the same table, the same document.
 */
import {
  accountBundle,
  accountStatement,
  deviceManifest,
  httpOperations,
  jsonByteLimits,
  preKeyStatus,
  problemCatalogue,
  problemDocument,
  problemsOf,
  relayInfo,
  requestProof,
  tokenPair,
  type HttpOperation,
  type ProblemCode,
} from '@sotto/sdk/wire';
import * as z from 'zod/mini';

type Json = Record<string, unknown>;

/** Schemas that have a name in the document; the others are written out where they are used. */
const namedSchemas: Readonly<Record<string, z.core.$ZodType>> = {
  AccountBundle: accountBundle,
  AccountStatement: accountStatement,
  DeviceManifest: deviceManifest,
  PreKeyStatus: preKeyStatus,
  Problem: problemDocument,
  RelayInfo: relayInfo,
  RequestProof: requestProof,
  TokenPair: tokenPair,
};
const nameOf = new Map(Object.entries(namedSchemas).map(([name, schema]) => [schema, name]));

const reference = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

function replaceWith(target: Json, replacement: Json): void {
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, replacement);
}

/** Base64url without padding takes ⌈4n/3⌉ characters for n bytes. */
const textLength = (bytes: number) => Math.ceil((bytes * 4) / 3);

function bytesSchema({ min, max }: { readonly min: number; readonly max: number }): Json {
  const count = min === max ? String(max) : `${min} to ${max}`;
  return {
    type: 'string',
    contentEncoding: 'base64url',
    pattern: '^[A-Za-z0-9_-]*$',
    minLength: textLength(min),
    maxLength: textLength(max),
    description: `${count} bytes, base64url without padding`,
  };
}

/** A schema as the wire has it: what is encoded, not what the program works with. */
function wireSchema(root: z.core.$ZodType): Json {
  const schema = z.toJSONSchema(root, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const limits = jsonByteLimits.get(zodSchema);
      const name = nameOf.get(zodSchema);
      if (limits !== undefined) replaceWith(jsonSchema, bytesSchema(limits));
      else if (name !== undefined && zodSchema !== root) replaceWith(jsonSchema, reference(name));
    },
  }) as Json;
  delete schema['$schema'];
  return schema;
}

function useSchema(schema: z.core.$ZodType): Json {
  const name = nameOf.get(schema);
  return name === undefined ? wireSchema(schema) : reference(name);
}

function problemResponses(operation: HttpOperation): Json {
  const codes = problemsOf(operation);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = problemCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const statuses = [...byStatus].sort(([left], [right]) => left - right);
  return Object.fromEntries(statuses.map(([status, of]) => [String(status), problemResponse(of)]));
}

function problemResponse(codes: readonly ProblemCode[]): Json {
  const description = codes.map((code) => `\`${code}\`: ${problemCatalogue[code].when}`).join('\n');
  const schema = { allOf: [reference('Problem'), { type: 'object', properties: { code: { enum: codes } } }] };
  return { description, content: { 'application/problem+json': { schema } } };
}

function operationItem(name: string, operation: HttpOperation): Json {
  const { authentication, method, request, response, limit, maxRequestBytes } = operation;
  const body = { required: true, content: { 'application/json': { schema: useSchema(request) } } };
  const answer = { description: 'Done.', content: { 'application/json': { schema: useSchema(response) } } };
  return {
    operationId: name,
    security: authentication === 'none' ? [] : [{ accessToken: [] }],
    'x-limit-class': limit,
    ...(method === 'GET' ? {} : { requestBody: body, 'x-max-request-bytes': maxRequestBytes }),
    responses: { '200': answer, ...problemResponses(operation) },
  };
}

function pathItems(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries(httpOperations) as [string, HttpOperation][]) {
    const item = (paths[operation.path] ??= {});
    item[operation.method.toLowerCase()] = operationItem(name, operation);
  }
  return paths;
}

/** The document, OpenAPI 3.1. Sends, acknowledgements and delivery go over the socket and are not in it. */
export function createOpenApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sotto relay',
      version: '1',
      description:
        'The operations of a Sotto relay over HTTP. Sending, receiving and acknowledging go over a websocket; docs/relay-protocol.md describes both.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: pathItems(),
    components: {
      schemas: Object.fromEntries(
        Object.entries(namedSchemas).map(([name, schema]) => [name, wireSchema(schema)]),
      ),
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}
