/**
 * Makes wrong values from a right one: every field of every depth, replaced, removed, doubled, grown.
 * Knows no operation, so new ones are covered by themselves.
 */
import type { Seeded } from './seeded.js';

/** A changed value and what was done to it. */
export interface Mutation {
  readonly label: string;
  readonly value: unknown;
  /** A member that only JSON text can carry: whatever copies the value member by member loses it. */
  readonly jsonOnly?: true;
}

type Path = readonly (string | number)[];
type Container = Record<string | number, unknown>;

const isContainer = (value: unknown): value is Container =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array);

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isContainer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member)]));
}

function* pathsIn(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (!isContainer(value)) return;
  for (const key of Object.keys(value))
    yield* pathsIn(value[key], [...path, Array.isArray(value) ? Number(key) : key]);
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce((value, key) => (value as Container)[key], root);
}

/** A copy with another value at a path. */
function withValue(root: unknown, path: Path, value: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const changed = copy(root);
  (valueAt(changed, path.slice(0, -1)) as Container)[last] = value;
  return changed;
}

function without(root: unknown, path: Path): unknown {
  const changed = copy(root);
  const parent = valueAt(changed, path.slice(0, -1)) as Container;
  const last = path.at(-1) as string | number;
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return changed;
}

/** Own members of these names come out of `JSON.parse`, and have misled many a program. */
function withOwnMember(value: Container, name: string, member: unknown): unknown {
  const changed = copy(value) as Container;
  Object.defineProperty(changed, name, { value: member, enumerable: true, configurable: true });
  return changed;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

const strangers: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e300,
  '',
  'x',
  '\u0000',
  '\ud800',
  '../../etc/passwd',
  "' OR 1=1 --",
  'x'.repeat(5_000),
  [],
  {},
  [null],
  { length: 3 },
  nested(500),
];

function* variantsOf(value: unknown): Generator<unknown> {
  if (typeof value === 'string') {
    yield value.slice(0, -1);
    yield `${value}A`;
    yield ` ${value}`;
    yield value.toUpperCase();
    yield [value];
  }
  if (typeof value === 'number') {
    yield String(value);
    yield value + 0.5;
    yield -value;
  }
  if (value instanceof Uint8Array) yield* variantsOfBytes(value);
  if (Array.isArray(value)) {
    yield Array.from({ length: 1_000 }, () => value[0] ?? 1);
    yield { ...value };
  }
  if (isContainer(value) && !Array.isArray(value)) {
    yield [value];
    yield { ...value, surprise: 1 };
    yield withOwnMember(value, 'constructor', { prototype: {} });
  }
}

function* variantsOfBytes(value: Uint8Array): Generator<unknown> {
  yield value.subarray(0, -1).length === 0 ? new Uint8Array() : new Uint8Array(200_000);
  yield Buffer.from(value).toString('base64url');
  yield [...value.subarray(0, 64)];
  yield { type: 'Buffer', data: [...value.subarray(0, 64)] };
}

/** Every field replaced by every stranger, every field removed, and variants near the right value. */
export function* mutationsOf(right: unknown): Generator<Mutation> {
  for (const path of pathsIn(right)) {
    const place = path.join('.') || 'the whole';
    for (const stranger of strangers) {
      yield { label: `${place} replaced by ${describe(stranger)}`, value: withValue(right, path, stranger) };
    }
    for (const variant of variantsOf(valueAt(right, path))) {
      yield { label: `${place} changed to ${describe(variant)}`, value: withValue(right, path, variant) };
    }
    const here = valueAt(right, path);
    if (isContainer(here) && !Array.isArray(here)) {
      const value = withValue(right, path, withOwnMember(here, '__proto__', { admin: true }));
      yield { label: `${place} given a member __proto__`, value, jsonOnly: true };
    }
    if (path.length > 0) yield { label: `${place} removed`, value: without(right, path) };
  }
}

/** One character or byte somewhere changed into another of its kind, so that the shape stays right. */
export function alter(right: unknown, random: Seeded): Mutation {
  const leaves = [...pathsIn(right)].filter((path) => !isContainer(valueAt(right, path)));
  const path = random.pick(leaves);
  return {
    label: `${path.join('.')} altered`,
    value: withValue(right, path, altered(valueAt(right, path), random)),
  };
}

function altered(leaf: unknown, random: Seeded): unknown {
  if (leaf instanceof Uint8Array) {
    const changed = new Uint8Array(leaf);
    const at = random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    return changed;
  }
  if (typeof leaf === 'number') return leaf + 1;
  if (typeof leaf !== 'string' || leaf === '') return 'x';
  // Not the last one, whose spare bits would make another spelling and not another value.
  const at = random.below(Math.max(leaf.length - 1, 1));
  const letters = 'abcdef0123456789'.replace(leaf[at] ?? '', '');
  return leaf.slice(0, at) + random.pick([...letters]) + leaf.slice(at + 1);
}

/** Short enough for a message. */
function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
