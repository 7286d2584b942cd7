/** The wire types of protobuf, and how fields are spelled. Knows no schema. */
import type { Field } from './schema.js';

/** Numbers of the wire types. */
export const wireTypes = { varint: 0, fixed64: 1, sized: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** How each kind of field is spelled. */
export const wireTypeOf: Readonly<Record<Field['type'], number>> = {
  bytes: wireTypes.sized,
  string: wireTypes.sized,
  message: wireTypes.sized,
  uint32: wireTypes.varint,
  enum: wireTypes.varint,
  uint64: wireTypes.varint,
  fixed64: wireTypes.fixed64,
};
