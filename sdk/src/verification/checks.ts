/** Checks of JavaScript types at the edge of this module. Values of a wrong type are a caller's defect: `TypeError`. */

/** @throws TypeError unless the value is a `Uint8Array` */
export function assertBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
}

/** @throws TypeError unless the value is a string */
export function assertString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
}

/** @throws TypeError unless the value is an object */
export function assertObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be an object`);
}
