import { describe, it } from 'vitest';
import { memoryTransport } from '@sotto/sdk/transport/memory';
import { runTransportConformance } from '../../src/testing/transport-conformance.js';

runTransportConformance(
  { describe, it },
  {
    name: 'memory',
    create: (relay, host) => ({ transport: memoryTransport(relay, host) }),
    seed: Number(process.env['SOTTO_SEED'] ?? 1),
  },
);
