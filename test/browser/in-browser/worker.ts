/** The worker: runs the cases and posts how they ended. */
import { runSuite } from './suite.js';

void runSuite().then((results) => postMessage(results));
