/**
 * Arrays in PostgreSQL's binary form, for statements that take whole batches: nothing is quoted, escaped
 * or spelled in hexadecimal on the way. Knows no statement.
 */

/** Object ids of PostgreSQL's own types; they never change. */
const elementTypes = { bytea: 17, int8: 20, int4: 23, text: 25, uuid: 2950 } as const;

/** Dimensions, null flag, element type, length and lower bound. */
const headerBytes = 20;
const lengthBytes = 4;

function beginArray(elementType: number, count: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(headerBytes + count * lengthBytes + bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(elementType, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return array;
}

function fixedSize<Value>(
  elementType: number,
  size: number,
  values: readonly Value[],
  write: (array: Buffer, value: Value, offset: number) => void,
): Uint8Array {
  const array = beginArray(elementType, values.length, values.length * size);
  let offset = headerBytes;
  for (const value of values) {
    array.writeInt32BE(size, offset);
    write(array, value, offset + lengthBytes);
    offset += lengthBytes + size;
  }
  return array;
}

/** A `bytea[]`. */
export function byteaArray(values: readonly Uint8Array[]): Uint8Array {
  const bytes = values.reduce((sum, value) => sum + value.length, 0);
  const array = beginArray(elementTypes.bytea, values.length, bytes);
  let offset = headerBytes;
  for (const value of values) {
    array.writeInt32BE(value.length, offset);
    array.set(value, offset + lengthBytes);
    offset += lengthBytes + value.length;
  }
  return array;
}

/** A `text[]`. */
export function textArray(values: readonly string[]): Uint8Array {
  const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  const array = beginArray(elementTypes.text, values.length, bytes);
  let offset = headerBytes;
  for (const value of values) {
    const length = array.write(value, offset + lengthBytes);
    array.writeInt32BE(length, offset);
    offset += lengthBytes + length;
  }
  return array;
}

const dash = 0x2d;
/** The value of each hexadecimal digit, by its character code. */
const digitValues = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0 : value;
});

/** Every message brings eight of these; taking the dashes out first and Node's own conversion cost four times as long. */
function writeUuid(array: Buffer, uuid: string, offset: number): void {
  let at = offset;
  for (let index = 0; index < uuid.length; index += 2) {
    if (uuid.charCodeAt(index) === dash) index += 1;
    const high = digitValues[uuid.charCodeAt(index)] as number;
    array[at] = (high << 4) | (digitValues[uuid.charCodeAt(index + 1)] as number);
    at += 1;
  }
}

/** A `uuid[]`. @param values - in lower case with dashes */
export function uuidArray(values: readonly string[]): Uint8Array {
  return fixedSize(elementTypes.uuid, 16, values, writeUuid);
}

/** An `int4[]`. */
export function int4Array(values: readonly number[]): Uint8Array {
  return fixedSize(elementTypes.int4, 4, values, (array, value, offset) => {
    array.writeInt32BE(value, offset);
  });
}

/** An `int8[]`. @param values - safe integers */
export function int8Array(values: readonly number[]): Uint8Array {
  return fixedSize(elementTypes.int8, 8, values, (array, value, offset) => {
    array.writeInt32BE(Math.floor(value / 2 ** 32), offset);
    array.writeUInt32BE(value >>> 0, offset + 4);
  });
}
