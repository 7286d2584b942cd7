/**
 * Shows the rows around what is visible of a list of any length, and keeps in place what the reader looks at when
 * rows above it turn out higher or lower than guessed. Knows nothing of what a row is.
 */
import {
  computed,
  nextTick,
  onBeforeUnmount,
  onMounted,
  ref,
  shallowRef,
  type ComputedRef,
  type Ref,
} from 'vue';
import { RowHeights } from './row-heights.js';

/** A one-line message with its margins. */
const guessedHeight = 44;
/** Drawn above and below what is visible, so that a quick flick meets rows. */
const marginPixels = 700;
/** A longer way than so many views is no glide but a flight over rows that nobody has asked for. */
const maxGlideViews = 4;
/** Somebody who wants no motion gets none. */
const calm = matchMedia('(prefers-reduced-motion: reduce)');
/** So near to the end counts as at the end. */
const endPixels = 48;

/** See {@link useVirtualRows}. */
export interface VirtualRows {
  /** The first row drawn, and the one after the last. */
  readonly range: ComputedRef<{ readonly from: number; readonly to: number }>;
  /** Where the first drawn row lies, and how high all are together, in pixels. */
  readonly offset: ComputedRef<number>;
  readonly height: ComputedRef<number>;
  readonly isAtEnd: Readonly<Ref<boolean>>;
  /** For each drawn row's element, and for nothing when it is gone. */
  readonly measure: (row: number, element: Element | null) => void;
  readonly scrollToEnd: (smoothly?: boolean) => void;
}

/**
 * @param scroller - the element that scrolls
 * @param count - how many rows there are
 */
export function useVirtualRows(
  scroller: Readonly<Ref<HTMLElement | null>>,
  count: Readonly<Ref<number>>,
): VirtualRows {
  const heights = new RowHeights(guessedHeight);
  const version = ref(0);
  const place = ref(0);
  const viewHeight = ref(0);
  const isAtEnd = shallowRef(true);
  const elements = new Map<number, Element>();
  const rows = new Map<Element, number>();

  const height = computed(() => (void version.value, heights.top(count.value)));
  const range = computed(() => {
    void version.value;
    if (count.value === 0) return { from: 0, to: 0 };
    // Before the first look at the element the end is what will be seen.
    const top = isAtEnd.value ? Math.max(0, height.value - viewHeight.value) : place.value;
    const from = heights.rowAt(Math.max(0, top - marginPixels), count.value);
    const to = heights.rowAt(top + viewHeight.value + marginPixels, count.value) + 1;
    return { from, to: Math.min(to, count.value) };
  });
  const offset = computed(() => (void version.value, heights.top(range.value.from)));

  function look(): void {
    const element = scroller.value;
    if (!element) return;
    place.value = element.scrollTop;
    viewHeight.value = element.clientHeight;
    isAtEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < endPixels;
  }

  function scrollToEnd(smoothly = false): void {
    isAtEnd.value = true;
    void nextTick(() => {
      const element = scroller.value;
      if (!element) return;
      const way = element.scrollHeight - element.scrollTop - element.clientHeight;
      const glides = smoothly && !calm.matches && way < maxGlideViews * element.clientHeight;
      element.scrollTo({ top: element.scrollHeight, behavior: glides ? 'smooth' : 'instant' });
    });
  }

  /** Runs after layout and before the picture is drawn: nobody sees the jump that it takes back. */
  function takeHeights(entries: readonly ResizeObserverEntry[]): void {
    let above = 0;
    let changed = false;
    for (const { target, borderBoxSize } of entries) {
      const row = rows.get(target);
      const measured = borderBoxSize[0]?.blockSize ?? 0;
      if (row === undefined || measured === 0) continue;
      const isAbove = heights.top(row) + heights.of(row) <= place.value;
      const growth = heights.set(row, measured);
      changed ||= growth !== 0;
      if (isAbove) above += growth;
    }
    if (!changed) return;
    version.value += 1;
    if (isAtEnd.value) scrollToEnd();
    else if (above !== 0) void nextTick(() => scroller.value?.scrollBy({ top: above, behavior: 'instant' }));
  }

  const rowObserver = new ResizeObserver(takeHeights);
  const viewObserver = new ResizeObserver(() => {
    // A keyboard that opens, or a line more in the field below, leaves the end in view.
    if (isAtEnd.value) scrollToEnd();
    viewHeight.value = scroller.value?.clientHeight ?? 0;
  });

  function measure(row: number, element: Element | null): void {
    const before = elements.get(row);
    if (before === element) return;
    if (before) {
      rowObserver.unobserve(before);
      rows.delete(before);
      elements.delete(row);
    }
    if (!element) return;
    elements.set(row, element);
    rows.set(element, row);
    rowObserver.observe(element);
  }

  onMounted(() => {
    const element = scroller.value;
    if (!element) return;
    element.addEventListener('scroll', look, { passive: true });
    viewObserver.observe(element);
    viewHeight.value = element.clientHeight;
    scrollToEnd();
  });
  onBeforeUnmount(() => {
    rowObserver.disconnect();
    viewObserver.disconnect();
  });
  return { range, offset, height, isAtEnd, measure, scrollToEnd };
}
