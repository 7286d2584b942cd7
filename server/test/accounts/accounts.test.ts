import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { runAccountsSuite } from './accounts-suite.js';

runAccountsSuite('PGlite', () => openPGliteDatabase());
