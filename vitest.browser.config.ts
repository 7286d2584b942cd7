import { defineConfig } from 'vitest/config';
import { browserTests, lane } from './vitest.shared.js';

/** The suites that drive a Chromium found on this machine (`SOTTO_CHROMIUM` or PATH). */
export default defineConfig(lane(browserTests));
