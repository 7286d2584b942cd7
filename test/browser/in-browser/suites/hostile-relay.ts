/** What a hostile relay cannot do to messengers in a page. */
import { describe, it } from 'vitest';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runHostileRelaySuite } from '@sotto/sdk/testing';

const seed = process.env['SOTTO_SEED'] ?? '1';
runHostileRelaySuite(
  { describe, it },
  { name: 'portable', engine: ({ random }) => portableEngine({ random }), seed },
);
