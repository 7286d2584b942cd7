/** Tells the screen that a page begins with from those that somebody has gone to. */
import { START_LOCATION, type Router } from 'vue-router';

let hasMoved = false;

/** From now on each way from one screen to another counts. */
export function followMoves(router: Router): void {
  router.afterEach((_, from) => void (hasMoved ||= from !== START_LOCATION));
}

/** Whether this is still the screen that the page began with: nobody has come to it by a key or a press. */
export function isFirstScreen(): boolean {
  return !hasMoved;
}
