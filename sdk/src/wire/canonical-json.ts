/**
 * The one spelling of a JSON value that is signed or hashed: keys sorted by code unit, no white
 * space, integers only (a subset of RFC 8785). Knows no field.
 */

/** What can be spelled canonically. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue | undefined };

/**
 * Spells a value canonically. Members that are `undefined` are left out.
 * @throws TypeError for anything but strings, safe integers, booleans, null, arrays and plain objects
 */
export function canonicalJson(value: CanonicalValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw new TypeError('canonical JSON has no lone surrogates');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw new TypeError('canonical JSON has safe integers only');
    }
    return String(value);
  }
  if (Array.isArray(value)) {
    const items = value as readonly CanonicalValue[];
    return `[${items.map((item) => canonicalJson(item)).join(',')}]`;
  }
  if (typeof value !== 'object') throw new TypeError('not a canonical JSON value');
  const record = value as { readonly [key: string]: CanonicalValue | undefined };
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] as CanonicalValue)}`);
  return `{${members.join(',')}}`;
}
