/**
 * How many one-time keys this device holds, counted by ourselves: what the relay says of its stock is
 * only its word. Knows no ids.
 */
import * as z from 'zod/mini';
import { limits } from '../limits.js';
import { defineRecord, type Unit } from '../unit/index.js';

export const heldKey = 'prekeys/held';
const count = z.int().check(z.minimum(0));
export const heldRecord = defineRecord(1, z.strictObject({ oneTime: count, kemOneTime: count }));

/** One-time keys of each kind. */
export type HeldKeys = Readonly<Record<'oneTime' | 'kemOneTime', number>>;

const none: HeldKeys = { oneTime: 0, kemOneTime: 0 };

/** How many are held, staged changes included. */
export async function readHeldKeys(unit: Unit): Promise<HeldKeys> {
  return (await unit.read(heldKey, heldRecord)) ?? none;
}

/** Stages that keys came or went. */
export async function changeHeld(unit: Unit, by: HeldKeys): Promise<void> {
  const held = await readHeldKeys(unit);
  unit.write(heldKey, heldRecord, {
    // Keys that were made before anybody counted are not counted when they go.
    oneTime: Math.max(0, held.oneTime + by.oneTime),
    kemOneTime: Math.max(0, held.kemOneTime + by.kemOneTime),
  });
}

/** How many more may be made. */
export function roomFor(held: HeldKeys = none): HeldKeys {
  return {
    oneTime: Math.max(0, limits.maxOneTimePreKeys - held.oneTime),
    kemOneTime: Math.max(0, limits.maxOneTimePreKeys - held.kemOneTime),
  };
}
