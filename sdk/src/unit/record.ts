/** Stored records: versioned JSON checked by a schema on the way out. Knows no key and no feature. */
import * as z from 'zod/mini';
import { fromUtf8, utf8 } from '../bytes.js';
import { SottoError } from '../errors.js';

/** How one kind of record is written and read. */
export interface RecordCodec<Value> {
  encode(value: Value): Uint8Array;
  /** @throws SottoError `storage-corrupt` */
  decode(bytes: Uint8Array): Value;
}

/**
 * A kind of record.
 * @param version - written into every record; another one is `storage-corrupt` until a migration reads it
 */
export function defineRecord<Schema extends z.core.$ZodType>(
  version: number,
  schema: Schema,
): RecordCodec<z.output<Schema>> {
  return {
    encode: (value) => utf8(JSON.stringify({ v: version, d: z.encode(schema, value) })),
    decode: (bytes) => {
      try {
        const stored = JSON.parse(fromUtf8(bytes)) as { v?: unknown; d?: unknown };
        if (stored.v !== version) throw new SottoError('storage-corrupt');
        return z.decode(schema, stored.d as z.input<Schema>);
      } catch (error) {
        if (error instanceof SottoError) throw error;
        // The cause would quote the record.
        throw new SottoError('storage-corrupt');
      }
    },
  };
}
