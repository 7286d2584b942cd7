/** The messenger as an application for phones: `docs/mobile.md` says how it is built, and what was checked. */
import type { CapacitorConfig } from '@capacitor/cli';

const config: CapacitorConfig = {
  appId: 'org.sotto.messenger',
  appName: 'Sotto',
  webDir: 'dist',
  // A secure context, which WebCrypto and the camera need.
  server: { androidScheme: 'https' },
};

export default config;
