/** How a list of messages behaves while somebody scrolls through it: measured in the page, frame by frame. */
import type { Locator } from 'playwright-core';

/** What was seen. */
export interface Scrolling {
  /** How far rows were from where the scrolling alone would have put them, at most, in pixels. */
  readonly jumpPixels: number;
  /** Between two frames, in the middle. */
  readonly medianFrameMs: number;
  /** The longest task of the page's thread; 0 where none took 50 ms. */
  readonly longestTaskMs: number;
  /** Rows drawn at once, at most. */
  readonly mostRows: number;
  /** Frames in which a part of the view showed no row. */
  readonly emptyFrames: number;
  readonly frames: number;
}

/**
 * Scrolls by so much in each frame.
 * @param list - the element that scrolls
 * @param step - negative towards older messages
 */
export function scrollThrough(list: Locator, step: number, frames: number): Promise<Scrolling> {
  return list.evaluate(
    async (scroller, [stepPixels, count]) => {
      const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
      const rows = () => [...scroller.querySelectorAll('li[data-seq]')];
      const view = scroller.getBoundingClientRect();
      const middle = (view.top + view.bottom) / 2;
      const inMiddle = () =>
        rows().find((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return top <= middle && bottom > middle;
        });
      const tasks: number[] = [];
      const observer = new PerformanceObserver((entries) =>
        tasks.push(...entries.getEntries().map(({ duration }) => duration)),
      );
      observer.observe({ type: 'longtask' });
      let [jumpPixels, mostRows, emptyFrames] = [0, 0, 0];
      const times = [await nextFrame()];
      for (let frame = 0; frame < count; frame += 1) {
        const row = inMiddle();
        const before = row?.getBoundingClientRect().top;
        const room = scroller.scrollTop;
        scroller.scrollBy(0, stepPixels);
        times.push(await nextFrame());
        // The frame after: what is measured anew has been put in order by then.
        times.push(await nextFrame());
        if (!row || before === undefined || !inMiddle()) emptyFrames += 1;
        else if (row.isConnected && room + stepPixels > 0) {
          const moved = row.getBoundingClientRect().top - before;
          jumpPixels = Math.max(jumpPixels, Math.abs(moved + stepPixels));
        }
        mostRows = Math.max(mostRows, rows().length);
      }
      observer.disconnect();
      const gaps = times.slice(1).map((time, index) => time - times[index]!);
      const sorted = gaps.sort((left, right) => left - right);
      return {
        ...{ jumpPixels, mostRows, emptyFrames },
        medianFrameMs: sorted[sorted.length >> 1]!,
        longestTaskMs: Math.max(0, ...tasks),
        frames: sorted.length,
      };
    },
    [step, frames] as const,
  );
}
