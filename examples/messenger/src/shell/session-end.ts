/** How a screen says that the messenger it lives on has ended, so that the next one is opened. */
import { inject, type InjectionKey } from 'vue';

export const sessionEnd: InjectionKey<() => void> = Symbol('session end');

/** What to call after signing out. */
export function useSessionEnd(): () => void {
  return inject(sessionEnd, () => undefined);
}
