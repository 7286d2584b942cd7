/** Opens the camera of whatever the page runs on. */
import { isNative } from '../messenger/native.js';

/** On a phone the system is asked first, by a plug-in; a browser asks by itself. @throws DOMException `NotAllowedError` */
async function askSystem(): Promise<void> {
  if (!isNative()) return;
  const { Camera } = await import('@capacitor/camera');
  const { camera } = await Camera.requestPermissions({ permissions: ['camera'] });
  if (camera === 'denied') throw new DOMException('the camera is refused', 'NotAllowedError');
}

/**
 * The one on the back, where there are two.
 * @throws DOMException `NotAllowedError` where somebody says no; another error where there is no camera
 */
export async function openCamera(): Promise<MediaStream> {
  await askSystem();
  // `mediaDevices` is absent where the page has no secure context: a TypeError says so.
  return navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
}
