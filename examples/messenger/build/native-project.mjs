/**
 * Puts into the generated native projects what Capacitor leaves to the application; run by `cap add` and
 * `cap sync`, as a hook in package.json. Changes nothing that is there already.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env['CAPACITOR_ROOT_DIR'] ?? process.cwd();
const cameraReason = 'To scan the QR codes of people you write to.';

/** @param {string} path @param {(text: string) => string} change */
function edit(path, change) {
  const file = join(root, path);
  if (!existsSync(file)) return;
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after !== before) writeFileSync(file, after);
}

/** The web view may ask for the camera, and the system keeps no copy of the storage. */
function manifest(text) {
  const permission = '<uses-permission android:name="android.permission.CAMERA" />';
  const feature = '<uses-feature android:name="android.hardware.camera" android:required="false" />';
  const unsaved = text.replace('android:allowBackup="true"', 'android:allowBackup="false"');
  if (unsaved.includes(permission)) return unsaved;
  return unsaved.replace('</manifest>', `    ${permission}\n    ${feature}\n</manifest>`);
}

/** iOS ends an application that asks for the camera and does not say why. */
function propertyList(text) {
  const key = '<key>NSCameraUsageDescription</key>';
  if (text.includes(key)) return text;
  return text.replace(/<\/dict>\s*<\/plist>/, `\t${key}\n\t<string>${cameraReason}</string>\n$&`);
}

edit('android/app/src/main/AndroidManifest.xml', manifest);
edit('ios/App/App/Info.plist', propertyList);
