/**
 * The values that go through the engine port as JSON and back: bytes, secrets and what is not there
 * included. Knows neither side.
 */
import { Secret } from '../../../sdk/src/secret.js';
import { fromBase64Url, toBase64Url } from '../../../sdk/src/wire/bytes.js';

/** What JSON has no form for: an object with this one member says what it is. */
const tag = '$';

/** @throws Error for what cannot go to the other side */
export function pack(value: unknown): unknown {
  if (value === undefined) return { [tag]: ['undefined'] };
  if (typeof value === 'number' && !Number.isFinite(value)) return { [tag]: ['number', String(value)] };
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  if (value instanceof Uint8Array) return { [tag]: ['bytes', toBase64Url(Uint8Array.from(value))] };
  if (value instanceof Secret) return { [tag]: ['secret', toBase64Url(Uint8Array.from(value.expose()))] };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, pack(member)]));
  }
  throw new Error(`a ${typeof value} of this kind cannot go to the other side`);
}

/** The reverse of {@link pack}. */
export function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (typeof value !== 'object' || value === null) return value;
  if (tag in value) return special(value[tag] as readonly [string, string]);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unpack(member)]));
}

function special([kind, text]: readonly [string, string]): unknown {
  switch (kind) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(text);
    case 'bytes':
      return fromBase64Url(text);
    case 'secret':
      return new Secret(fromBase64Url(text));
    default:
      throw new Error(`nothing is packed as ${kind}`);
  }
}
