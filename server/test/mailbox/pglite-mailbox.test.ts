import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { mailboxOver } from './database-under-test.js';
import { mailboxSuite } from './mailbox-suite.js';

mailboxSuite('PGlite', async () => mailboxOver(await openPGliteDatabase()));
