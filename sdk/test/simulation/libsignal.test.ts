import { simulationSuite } from './suite.js';

simulationSuite('libsignal', 100_000);
