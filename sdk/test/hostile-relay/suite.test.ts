/** The published suite on the engines of the tests; `SOTTO_ENGINE` chooses one for all devices. */
import { describe, it } from 'vitest';
import { runHostileRelaySuite } from '../../src/testing/hostile-relay/suite.js';
import { engineFor } from '../support/engines.js';

runHostileRelaySuite(
  { describe, it },
  {
    name: process.env['SOTTO_ENGINE'] ?? 'both engines',
    engine: ({ username, random }) => engineFor(username, random),
  },
);
