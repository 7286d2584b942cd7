/** The load on both relays, in a process of its own. */
import { atRate, burst, Inbox } from './load.js';
import { BareUser, RelayUser, type Account, type User } from './load-users.js';
import { serveCalls } from './process-calls.js';

/** Which relay. */
type Side = 'ours' | 'bare';

interface Crowd {
  readonly users: readonly User[];
  readonly inbox: Inbox;
}

const crowds = new Map<Side, Crowd>();

function crowdOf(side: Side): Crowd {
  const crowd = crowds.get(side);
  if (crowd === undefined) throw new Error(`nobody is connected to ${side}`);
  return crowd;
}

/** Connections that are being made at a time: below what a listening socket queues. */
const connectingAtOnce = 50;

async function connectAll(make: (index: number) => User, count: number): Promise<User[]> {
  const users: User[] = [];
  for (let start = 0; start < count; start += connectingAtOnce) {
    const some = Array.from({ length: Math.min(connectingAtOnce, count - start) }, (_, index) =>
      make(start + index),
    );
    await Promise.all(some.map(({ connected }) => connected));
    users.push(...some);
  }
  return users;
}

serveCalls({
  /** With several nodes neighbours are at different ones, and every message goes from node to node. */
  connectOurs: async ({ urls, accounts }: { urls: readonly string[]; accounts: readonly Account[] }) => {
    const inbox = new Inbox();
    const make = (index: number) =>
      new RelayUser(urls[index % urls.length] as string, accounts[index] as Account, inbox.add);
    crowds.set('ours', { users: await connectAll(make, accounts.length), inbox });
  },
  connectBare: async ({ url, count }: { url: string; count: number }) => {
    const inbox = new Inbox();
    const make = (index: number) => new BareUser(url, index, (index + 1) % count, inbox.add);
    crowds.set('bare', { users: await connectAll(make, count), inbox });
  },
  burst: ({ side, count, perUser }: { side: Side; count: number; perUser: number }) =>
    burst(crowdOf(side).users, crowdOf(side).inbox, count, perUser),
  atRate: ({ side, rate, durationMs }: { side: Side; rate: number; durationMs: number }) =>
    atRate(crowdOf(side).users, crowdOf(side).inbox, rate, durationMs),
  disconnect: ({ side }: { side: Side }) => {
    for (const user of crowdOf(side).users) user.close();
    crowds.delete(side);
  },
});
