/** Backups at a messenger that has to be found first. Knows no port. */
import type { MessengerBackup } from '../messenger-api.js';

const names = Object.keys({
  createRecoveryKey: 0,
  create: 0,
  inspect: 0,
  verify: 0,
  restore: 0,
  settings: 0,
} satisfies Record<keyof MessengerBackup, 0>) as (keyof MessengerBackup)[];

type AnyMethod = (...args: unknown[]) => Promise<unknown>;

/** Every method, at whichever messenger `next` resolves to. */
export function backupOver(next: () => Promise<MessengerBackup>): MessengerBackup {
  const call = async (name: keyof MessengerBackup, args: unknown[]) => {
    const backup = await next();
    return (backup[name] as AnyMethod).apply(backup, args);
  };
  const methods = names.map((name) => [name, (...args: unknown[]) => call(name, args)]);
  return Object.fromEntries(methods) as MessengerBackup;
}
