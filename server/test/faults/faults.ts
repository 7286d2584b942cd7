/** What can happen to a relay of several nodes, as data: a name and what is done. Knows no load. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RelayNode, RelayNodes } from './relay-nodes.js';

/** How long a disk stays full: longer than every timeout that has to notice it. */
const fullDiskMs = 4_000;

/** The fault that needs a disk of PostgreSQL's own. */
export const fullDisk = 'the disk of PostgreSQL is full';

/** A number from 0 to below 1. */
export type Draw = () => number;

/**
 * See the file's header. Resolves when everything runs again.
 * @param everybodyGoesOn - waits until every user has got somewhere since the fault began: what lasts until then is
 * nothing that others wait for
 */
export type Fault = (relay: RelayNodes, draw: Draw, everybodyGoesOn: () => Promise<void>) => Promise<void>;

function anyNode({ nodes }: RelayNodes, draw: Draw): RelayNode {
  return nodes[Math.floor(draw() * nodes.length)] as RelayNode;
}

/** See {@link Fault}. */
export const faults: Readonly<Record<string, Fault>> = {
  'a node is killed': async (relay, draw) => {
    const node = anyNode(relay, draw);
    await node.kill();
    await node.start();
  },
  'Redis is killed': async ({ redis }, draw) => {
    await redis.kill();
    await sleep(draw() * 1_000);
    await redis.restart();
  },
  'PostgreSQL is killed': async ({ postgres }, draw) => {
    await postgres.kill();
    await sleep(draw() * 1_000);
    await postgres.restart();
  },
  [fullDisk]: async ({ postgres }) => {
    await postgres.fillDisk();
    await sleep(fullDiskMs);
    await postgres.freeDisk();
  },
  'a node is frozen': async (relay, draw, everybodyGoesOn) => {
    const node = anyNode(relay, draw);
    node.signal('SIGSTOP');
    await everybodyGoesOn();
    node.signal('SIGCONT');
  },
  'a node is cut off': async (relay, draw, everybodyGoesOn) => {
    const { ways } = anyNode(relay, draw);
    for (const way of ways) way.freeze();
    await everybodyGoesOn();
    for (const way of ways) way.thaw();
  },
  'nodes are restarted one after the other': async ({ nodes }) => {
    for (const node of nodes) {
      const code = await node.terminate();
      if (code !== 0) throw new Error(`a node that drained ended with ${code}`);
      await node.start();
    }
  },
};
