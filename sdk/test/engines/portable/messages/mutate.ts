/**
 * Makes other bytes of a message: flipped, cut, and taken apart as protobuf and put together otherwise. It
 * reads protobuf by itself, and only what is well formed. Knows no message.
 */
import { concatBytes } from '../../../../src/bytes.js';
import type { SeededRandom } from '../../../../src/testing/index.js';

/** Where in some bytes protobuf lies: behind a version byte, before a MAC. */
export interface Envelope {
  readonly before: number;
  readonly after: number;
}

/** A field as it was written. */
interface RawField {
  readonly tag: number;
  /** All that follows the tag. */
  readonly rest: Uint8Array;
}

/** A varint, longer than it need be where asked. */
function varint(value: number | bigint, padding = 0): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  for (let added = 0; added < padding; added += 1) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

/** A field of bytes after their length. */
export function sizedField(field: number, content: Uint8Array): Uint8Array {
  return concatBytes(varint(field * 8 + 2), varint(content.length), content);
}

/** A field whose value is a varint. */
export function varintField(field: number, value: number | bigint): Uint8Array {
  return concatBytes(varint(field * 8), varint(value));
}

/** One to three mutations of a message. */
export function mutated(random: SeededRandom, bytes: Uint8Array, envelope: Envelope): Uint8Array {
  let result = bytes;
  for (let count = 1 + random.integer(3); count > 0; count -= 1) {
    result = random.chance(0.3) ? roughly(random, result) : asProtobuf(random, result, envelope);
  }
  return result;
}

/** Mutations that look at no structure. */
function roughly(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const at = random.integer(bytes.length + 1);
  const changed = bytes.slice();
  switch (random.integer(5)) {
    case 0:
      if (at < bytes.length) changed[at]! ^= 1 << random.integer(8);
      return changed;
    case 1:
      if (at < bytes.length) changed[at] = random.integer(256);
      return changed;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return concatBytes(bytes.subarray(0, at), random.bytes(1 + random.integer(12)), bytes.subarray(at));
    default:
      return concatBytes(
        bytes.subarray(0, at),
        bytes.subarray(Math.min(bytes.length, at + 1 + random.integer(4))),
      );
  }
}

function asProtobuf(random: SeededRandom, bytes: Uint8Array, { before, after }: Envelope): Uint8Array {
  const end = bytes.length - after;
  if (end <= before) return roughly(random, bytes);
  const fields = readFields(bytes.subarray(before, end));
  if (!fields) return roughly(random, bytes);
  return concatBytes(bytes.subarray(0, before), write(changeFields(random, fields)), bytes.subarray(end));
}

function changeFields(random: SeededRandom, fields: readonly RawField[]): readonly RawField[] {
  const at = random.integer(fields.length + 1);
  const others = fields.filter((_, index) => index !== at);
  const field = fields[at];
  const insert = (added: RawField) => [...fields.slice(0, at), added, ...fields.slice(at)];
  switch (random.integer(8)) {
    case 0:
      return random.shuffle(fields);
    case 1:
      return others;
    case 2:
      return fields.length > 0 ? insert(random.pick(fields)) : fields;
    case 3:
      return insert(unknownField(random, 1 + random.integer(random.pick([20, 1 << 20]))));
    case 4:
      return field ? insert(unknownField(random, field.tag >>> 3)) : fields;
    case 5:
      return field ? replaced(fields, at, { ...field, tag: (field.tag & ~7) | random.integer(8) }) : fields;
    case 6:
      return field ? replaced(fields, at, otherSpelling(random, field)) : fields;
    default:
      return field ? replaced(fields, at, otherContent(random, field)) : fields;
  }
}

function replaced(fields: readonly RawField[], at: number, by: RawField): readonly RawField[] {
  return fields.map((field, index) => (index === at ? by : field));
}

/** A field of any wire type, well formed or nearly so. */
function unknownField(random: SeededRandom, field: number): RawField {
  const type = random.integer(8);
  const tag = field * 8 + type;
  const huge = 2n ** BigInt(random.integer(70)) - BigInt(random.integer(2));
  switch (type) {
    case 0:
      return { tag, rest: varint(random.chance(0.5) ? random.integer(300) : huge, random.integer(3)) };
    case 1:
      return { tag, rest: random.bytes(8) };
    case 2: {
      const content = random.bytes(random.pick([0, 1, 16, 32, 33, 34, 64]));
      return { tag, rest: concatBytes(varint(content.length), content) };
    }
    case 3:
      return { tag, rest: group(random, field) };
    case 5:
      return { tag, rest: random.bytes(4) };
    default:
      return { tag, rest: new Uint8Array() };
  }
}

/** The inside and the end of a group; one time in four the end is another's. */
function group(random: SeededRandom, field: number): Uint8Array {
  const inside = Array.from({ length: random.integer(3) }, () =>
    unknownField(random, 1 + random.integer(40)),
  );
  const end = random.chance(0.75) ? field : field + 1;
  return concatBytes(write(inside), varint(end * 8 + 4));
}

/** The same value in more bytes than it needs, or in more than any may have. */
function otherSpelling(random: SeededRandom, { tag, rest }: RawField): RawField {
  if ((tag & 7) === 1 || (tag & 7) === 5) return { tag, rest };
  const end = rest.findIndex((byte) => byte < 0x80);
  const longer = rest.slice(0, end + 1);
  longer[end]! |= 0x80;
  const zeros = new Uint8Array(random.integer(10)).fill(0x80);
  const last = Uint8Array.of(random.pick([0, 0, 0, 1, 2, 0x7f]));
  return { tag, rest: concatBytes(longer, zeros, last, rest.subarray(end + 1)) };
}

/** Another value: of bytes often one that is itself taken apart. */
function otherContent(random: SeededRandom, { tag, rest }: RawField): RawField {
  if ((tag & 7) !== 2) return { tag, rest: unknownField(random, 1).rest };
  const start = rest.findIndex((byte) => byte < 0x80) + 1;
  const content = rest.subarray(start);
  const inner = random.chance(0.7) ? readFields(content) : undefined;
  const changed = inner?.length ? write(changeFields(random, inner)) : roughly(random, content);
  return { tag, rest: concatBytes(varint(changed.length), changed) };
}

function write(fields: readonly RawField[]): Uint8Array {
  return concatBytes(...fields.flatMap(({ tag, rest }) => [varint(tag >>> 0), rest]));
}

/** The fields of well-formed protobuf without groups; `undefined` for everything else. */
function readFields(bytes: Uint8Array): RawField[] | undefined {
  const fields: RawField[] = [];
  let offset = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28 && offset < bytes.length; shift += 7) {
      const byte = bytes[offset++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  while (offset < bytes.length) {
    const tag = number();
    const start = offset;
    const type = tag & 7;
    if (tag < 8 || (type !== 0 && type !== 1 && type !== 2 && type !== 5)) return undefined;
    if (type === 0) while (offset < bytes.length && bytes[offset++]! >= 0x80);
    else if (type === 2) {
      const length = number();
      if (length < 0) return undefined;
      offset += length;
    } else offset += type === 1 ? 8 : 4;
    if (offset > bytes.length) return undefined;
    fields.push({ tag, rest: bytes.slice(start, offset) });
  }
  return fields;
}
