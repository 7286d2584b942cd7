import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { runTokensSuite } from './tokens-suite.js';

runTokensSuite('PGlite', () => openPGliteDatabase());
