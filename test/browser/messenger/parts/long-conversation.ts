/** Ten thousand messages: nobody notices that there are so many. */
import { describe, expect, it } from 'vitest';
import { messageOf, openChat, write } from '../support/deeds.js';
import { inProfile } from '../support/profile.js';
import { scrollThrough } from '../support/scrolling.js';
import type { Stage } from '../support/stage.js';

const messageCount = 10_000;
/** Rows drawn at once: two screens of them, and no more for all the others. */
const mostRows = 90;
/** A task that a person notices takes longer. On a machine with other things to do: not much longer. */
const longestTaskMs = 250;

/** In the conversation of alice with bob. */
export function longConversation(stage: Stage): void {
  describe('ten thousand messages', { timeout: 120_000 }, () => {
    it('scroll without a jump, a gap or a long task, and only what is seen is drawn', async () => {
      const { page, context } = stage.alice;
      for (const tab of context.pages()) if (tab !== page) await tab.close();
      await openChat(page, 'bob');
      const id = page.url().split('/').at(-1)!;
      await inProfile(page, (profile, [chat, count]) => profile.fill(chat, count), [
        id,
        messageCount,
      ] as const);
      const list = page.getByRole('region', { name: 'Messages with bob' });
      await list.locator('li[data-seq]').last().waitFor();
      const seen = await scrollThrough(list, -220, 120);
      expect(seen.mostRows).toBeLessThanOrEqual(mostRows);
      expect(seen.jumpPixels).toBeLessThanOrEqual(1);
      expect(seen.emptyFrames).toBe(0);
      expect(seen.longestTaskMs).toBeLessThanOrEqual(longestTaskMs);
    });

    it('are read from the first on, and left for the newest at once', async () => {
      const { page } = stage.alice;
      const list = page.getByRole('region', { name: 'Messages with bob' });
      await list.evaluate((scroller) => scroller.scrollTo(0, 0));
      await page.locator('li[data-seq="1"] .text').waitFor();
      await page.getByRole('button', { name: 'To the newest message' }).click();
      const last = page.locator('li[data-seq]').last();
      await expect.poll(() => last.getAttribute('data-seq').then(Number)).toBeGreaterThan(messageCount);
      await expect.poll(() => last.isVisible()).toBe(true);
      await write(page, 'one more than ten thousand');
      await messageOf(page, 'one more than ten thousand').waitFor();
    });
  });
}
