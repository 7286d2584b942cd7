/**
 * Message schemas as plain objects, and the types of what they describe (spec: primitives 1.0: proto2,
 * every field optional). Knows no bytes and no message.
 */

interface FieldBase {
  readonly field: number;
  /** Of the fields that share such a name, the last one on the wire is the only one there is. */
  readonly oneOf?: string;
}

/** What a field holds. Unsigned 32-bit numbers (`enum` among them) are numbers, 64-bit ones bigints. */
export type Field = FieldBase &
  (
    | { readonly type: 'bytes' | 'string' | 'uint32' | 'enum' | 'uint64' | 'fixed64' }
    | { readonly type: 'message'; readonly schema: MessageSchema }
  );

/** The fields of a message by their names. */
export type Fields = Readonly<Record<string, Field>>;

interface ValueByType {
  readonly bytes: Uint8Array;
  readonly string: string;
  readonly uint32: number;
  readonly enum: number;
  readonly uint64: bigint;
  readonly fixed64: bigint;
}

type ValueOf<F extends Field> = F extends { readonly schema: MessageSchema<infer Inner> }
  ? Message<Inner>
  : F extends { readonly type: keyof ValueByType }
    ? ValueByType[F['type']]
    : never;

/** A message read: `undefined` stands for absent. */
export type Message<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> | undefined };

/** A message to write: what is `undefined` or left out is absent. */
export type MessageInit<F extends Fields> = { readonly [Name in keyof F]?: InitOf<F[Name]> | undefined };

type InitOf<F extends Field> = F extends { readonly schema: MessageSchema<infer Inner> }
  ? MessageInit<Inner>
  : ValueOf<F>;

/** A field together with its name. */
export interface NamedField {
  readonly name: string;
  readonly definition: Field;
  /** Names of the fields that are absent when this one comes. */
  readonly rivals: readonly string[];
}

/** The fields of a message, ready to be looked up. */
export interface MessageSchema<F extends Fields = Fields> {
  readonly fields: F;
  /** By field number; the numbers of our messages are small. */
  readonly byNumber: readonly (NamedField | undefined)[];
  /** In the order in which they are written. */
  readonly ascending: readonly NamedField[];
  /** A message without any field; copied, so that every decoded message has one shape. */
  readonly absent: Readonly<Record<string, undefined>>;
}

/** Makes a schema from its fields. */
export function messageSchema<const F extends Fields>(fields: F): MessageSchema<F> {
  const named = Object.entries(fields).map(([name, definition]) => {
    return { name, definition, rivals: rivalsOf(name, fields) };
  });
  const byNumber: (NamedField | undefined)[] = [];
  for (const each of named) byNumber[each.definition.field] = each;
  return {
    fields,
    byNumber: Array.from(byNumber),
    ascending: [...named].sort((left, right) => left.definition.field - right.definition.field),
    absent: Object.fromEntries(named.map(({ name }) => [name, undefined])),
  };
}

function rivalsOf(name: string, fields: Fields): string[] {
  const group = fields[name]?.oneOf;
  if (group === undefined) return [];
  return Object.keys(fields).filter((other) => other !== name && fields[other]?.oneOf === group);
}
