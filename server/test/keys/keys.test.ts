import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { runKeysSuite } from './keys-suite.js';

runKeysSuite('PGlite', () => openPGliteDatabase());
