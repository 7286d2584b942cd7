/** Bundles the messenger: everything it needs in files of its own, nothing inline, nothing from elsewhere. */
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';
import { offlineFiles } from './build/offline-files.js';

/** Where `npm run dev` finds a relay. */
const relay = process.env['SOTTO_RELAY'] ?? 'http://127.0.0.1:8787';

export default defineConfig({
  plugins: [vue(), offlineFiles()],
  build: {
    target: 'es2022',
    // Nothing is inlined: the content security policy allows no `data:` code, and styles only from files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: {
    proxy: { '/v1': relay, '/socket.io': { target: relay, ws: true } },
  },
});
