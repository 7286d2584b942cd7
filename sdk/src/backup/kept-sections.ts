/** What a restore keeps besides rows that this version understands. Knows no file format. */
import { concatBytes } from '../bytes.js';
import { SottoError } from '../errors.js';
import type { Writer } from '../unit/index.js';

/** Settings of the application, as the archive had them. */
export const settingPrefix = 'restored-setting/';
/** Sections of types this version does not know, for one that does: they go into the next archive. */
export const keptPrefix = 'backup-kept/';

/** The settings that came with a restore, by name. */
export async function restoredSettings(writer: Writer): Promise<Record<string, Uint8Array>> {
  const settings = new Map<string, Uint8Array>();
  for await (const { key, value } of writer.list(settingPrefix)) {
    settings.set(key.slice(settingPrefix.length), value);
  }
  return Object.fromEntries(settings);
}

/** Where the section of a number lies, counted from 0. */
export function keptKey(index: number): string {
  return `${keptPrefix}${index}`;
}

/** A section as it is stored: its type, then its bytes. */
export function keptSection({ number, bytes }: { number: number; bytes: Uint8Array }): Uint8Array {
  return concatBytes(Uint8Array.of(number), bytes);
}

/** Reads what {@link keptSection} wrote. @throws SottoError `storage-corrupt` */
export function readKeptSection(stored: Uint8Array): { readonly number: number; readonly bytes: Uint8Array } {
  const number = stored[0];
  if (number === undefined) throw new SottoError('storage-corrupt');
  return { number, bytes: stored.subarray(1) };
}
