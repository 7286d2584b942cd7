/** The time, often enough for what is shown of it. */
import { onScopeDispose, ref, type Ref } from 'vue';

const tickMs = 30_000;

/** Milliseconds since the Unix epoch. */
export function useNow(everyMs = tickMs): Readonly<Ref<number>> {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), everyMs);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
