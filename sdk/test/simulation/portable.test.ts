import { simulationSuite } from './suite.js';

simulationSuite('portable', 1_000_000);
