/**
 * How does the messenger feel in a browser? Costs of its page in Chromium, over a real relay: from the click on its
 * address to where it can be used, on a processor four times slower, beside the same at full speed; and how long the
 * page's thread is away at most while 1,000 messages arrive, beside the same page at rest. Page and workers are
 * slowed together; the relay, the disk and the browser's own processes are not.
 */
import type { BenchCase } from '../harness.js';
import { AppStage } from './app/app-stage.js';

/** What an older phone is behind this machine. */
const slowdown = 4;
const messages = 1_000;

/** The cases of `npm run bench -- app`. */
export const cases: readonly BenchCase[] = [
  {
    name: 'interactive-4x-slower',
    unit: 'openings',
    cost: 'ms',
    peerName: 'full-speed',
    countPerSlice: 1,
    rounds: 9,
    prepare: async () => {
      const stage = await AppStage.open();
      return {
        ours: async () => () => stage.openAgain(slowdown),
        peer: async () => () => stage.openAgain(1),
        close: () => stage.close(),
      };
    },
  },
  {
    name: 'longest-task-1000-messages',
    unit: 'messages',
    cost: 'ms',
    peerName: 'page-at-rest',
    countPerSlice: messages,
    rounds: 3,
    prepare: async () => {
      const stage = await AppStage.open();
      return {
        ours: async (count) => {
          await stage.sendWhileAway(count);
          return () => stage.longestTaskWhileArriving();
        },
        peer: async () => () => stage.longestTaskAtRest(),
        close: () => stage.close(),
      };
    },
  },
];
