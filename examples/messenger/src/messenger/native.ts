/** Whether the page runs in the native shell of a phone, which says so before the page loads. */
export function isNative(): boolean {
  const { Capacitor } = globalThis as { Capacitor?: { isNativePlatform?(): boolean } };
  return Capacitor?.isNativePlatform?.() ?? false;
}
