/**
 * What a message makes PostgreSQL do among a million accounts, and among a hundred: pages, reads, log, as PostgreSQL
 * counts them. Says why one is slower than the other; how much slower is the bench `relay accounts`.
 *
 * `node --import tsx bench/mailbox-pages.ts`, after `npm run build`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openGrownMailbox, type GrownMailbox } from './cases/relay/grown-mailbox.js';

const messages = 10_000;
/** An idle connection hands over what it has counted after ten seconds. */
const countsLateMs = 11_000;

async function perMessage(mailbox: GrownMailbox): Promise<Record<string, string>> {
  await sleep(countsLateMs);
  const before = await mailbox.counters();
  await mailbox.useAll(messages);
  await sleep(countsLateMs);
  const after = await mailbox.counters();
  const spent = (name: string) => (Number(after[name]) - Number(before[name])) / messages;
  return Object.fromEntries(Object.keys(after).map((name) => [name, spent(name).toFixed(2)]));
}

for (const accounts of [1_000_000, 100]) {
  const mailbox = await openGrownMailbox({ accounts, depth: 0 });
  try {
    console.log(accounts, 'accounts,', await mailbox.devicesMiB(), 'MiB of devices; a message:');
    // What a first message alone has to fetch.
    await mailbox.useAll(messages);
    console.log(await perMessage(mailbox));
    await mailbox.checkpoint();
    console.log('after a checkpoint:', await perMessage(mailbox));
  } finally {
    await mailbox.close();
  }
}
