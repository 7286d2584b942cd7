import { defineConfig } from 'vitest/config';
import { lane, serviceTests } from './vitest.shared.js';

/** The suites that need PostgreSQL or Redis installed. They start and stop servers of their own. */
export default defineConfig(lane(serviceTests));
