/** The native project for Android, as Capacitor generates it: as far as that goes without Android's own tools. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const app = fileURLToPath(new URL('..', import.meta.url));
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sotto-native-'));
const assets = 'android/app/src/main/assets';
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

function capacitor(...words: string[]): void {
  const cli = join(modules, '@capacitor/cli/bin/capacitor');
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
}

beforeAll(() => {
  for (const name of ['package.json', 'capacitor.config.ts', 'build']) {
    cpSync(join(app, name), join(folder, name), { recursive: true });
  }
  symlinkSync(modules, join(folder, 'node_modules'));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'dist/index.html'), '<!doctype html><title>first</title>');
  capacitor('add', 'android');
  writeFileSync(join(folder, 'dist/index.html'), '<!doctype html><title>second</title>');
  capacitor('sync', 'android');
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the native project', () => {
  it('has the application and its settings', () => {
    expect(read(`${assets}/public/index.html`)).toContain('second');
    expect(JSON.parse(read(`${assets}/capacitor.config.json`))).toMatchObject({
      appId: 'org.sotto.messenger',
      server: { androidScheme: 'https' },
    });
  });

  it('has the plug-ins for the secure storage and the camera', () => {
    const plugins = JSON.parse(read(`${assets}/capacitor.plugins.json`)) as { readonly pkg: string }[];
    expect(plugins.map(({ pkg }) => pkg).sort()).toEqual([
      '@aparajita/capacitor-secure-storage',
      '@capacitor/camera',
    ]);
    expect(read('android/capacitor.settings.gradle')).toContain(':capacitor-camera');
  });

  it('may ask for the camera, and leaves no copy of the storage to the system', () => {
    const manifest = read('android/app/src/main/AndroidManifest.xml');
    expect(manifest.match(/android\.permission\.CAMERA/g)).toHaveLength(1);
    expect(manifest).toContain('android:allowBackup="false"');
  });
});
