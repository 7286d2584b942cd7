/**
 * The focus does not get lost where what had it vanishes: a button that has done its work, a line of a list that
 * moves. Whoever works with keys would begin again at the top of the page.
 */
import { onBeforeUpdate, onUpdated, type Ref } from 'vue';

/** @param root - what stays: where nothing in it can take the focus, it does so itself */
export function useKeptFocus(root: Readonly<Ref<HTMLElement | null>>): void {
  let before: HTMLElement | undefined;
  onBeforeUpdate(() => {
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && root.value?.contains(activeElement);
    before = isInside ? activeElement : undefined;
  });
  onUpdated(() => {
    const place = root.value;
    if (!before || !place || document.activeElement !== document.body) return;
    const next = before.isConnected ? before : place.querySelector<HTMLElement>('button, a[href]');
    focusOn(next ?? place);
  });
}

/** Moves the focus without moving the page. Headings and sections take it by this alone, and not by Tab. */
export function focusOn(element: HTMLElement | null | undefined): void {
  if (!element) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
