/** Whether the device has any network at all. That it has one does not say that the relay can be reached. */
import { onScopeDispose, ref, type Ref } from 'vue';

export function useOnline(): Readonly<Ref<boolean>> {
  const isOnline = ref(navigator.onLine);
  const look = () => (isOnline.value = navigator.onLine);
  addEventListener('online', look);
  addEventListener('offline', look);
  onScopeDispose(() => {
    removeEventListener('online', look);
    removeEventListener('offline', look);
  });
  return isOnline;
}
