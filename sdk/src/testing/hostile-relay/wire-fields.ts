/**
 * Every field that a relay can fill: of every answer, every refusal and every frame that it sends. Read from the
 * wire's own schemas, so that a field that is added there is missed here by nobody.
 */
import type * as z from 'zod/mini';
import {
  envelopePage,
  httpOperations,
  problemDocument,
  socketGoodbye,
  socketOperations,
  socketReady,
  toBase64Url,
  type LedgerEventName,
} from '../../wire/index.js';

/** The frames a relay sends by itself, and what is in them; nothing in some. */
const serverFrames = {
  ready: socketReady,
  goodbye: socketGoodbye,
  envelopes: envelopePage,
  'caught-up': undefined,
  'keys-low': undefined,
} as const satisfies Record<Exclude<LedgerEventName, 'connect'>, z.core.$ZodType | undefined>;

/** A schema as far as it is looked into. */
interface SchemaParts {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
}

/** The paths of all fields, each once. */
export function relayFilledFields(): string[] {
  const operations = { ...httpOperations, ...socketOperations };
  const answers = Object.entries(operations).flatMap(([name, { response }]) => fieldsOf(response, name));
  const frames = Object.entries(serverFrames).flatMap(([name, schema]) =>
    schema ? fieldsOf(schema, `frame:${name}`) : [`frame:${name}`],
  );
  return [...new Set([...answers, ...frames, ...fieldsOf(problemDocument, 'problem')])];
}

/** The paths of a schema's leaves. A codec is one: its bytes are one field. */
export function fieldsOf(schema: z.core.$ZodType, path: string): string[] {
  const { type, shape, element, innerType, options } = schema._zod.def as unknown as SchemaParts;
  if (shape) return Object.entries(shape).flatMap(([name, member]) => fieldsOf(member, `${path}/${name}`));
  if (element) return fieldsOf(element, isLeaf(element) ? path : `${path}/*`);
  if (innerType) return fieldsOf(innerType, path);
  if (options) return options.flatMap((option) => fieldsOf(option, path));
  return type === 'never' ? [] : [path];
}

function isLeaf(schema: z.core.$ZodType): boolean {
  const { shape, element, innerType, options } = schema._zod.def as unknown as SchemaParts;
  return !shape && !element && !innerType && !options;
}

/** The paths under which two values differ. */
export function rewrittenFields(before: unknown, after: unknown, path: string): string[] {
  const left = leavesOf(before, path);
  const right = leavesOf(after, path);
  const paths = new Set([...left.keys(), ...right.keys()]);
  return [...paths].filter((one) => left.get(one) !== right.get(one));
}

/** What stands at each path, items of a list together. */
function leavesOf(value: unknown, path: string, leaves = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object')) {
    for (const item of value) leavesOf(item, `${path}/*`, leaves);
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    const isList = Array.isArray(value);
    if (isList) leaves.set(path, JSON.stringify(value));
    else for (const [name, member] of Object.entries(value)) leavesOf(member, `${path}/${name}`, leaves);
  } else if (value !== undefined) {
    const text = value instanceof Uint8Array ? toBase64Url(value) : JSON.stringify(value);
    leaves.set(path, `${leaves.get(path) ?? ''} ${text}`);
  }
  return leaves;
}
