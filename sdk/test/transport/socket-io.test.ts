import { describe, it } from 'vitest';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { runTransportConformance } from '../../src/testing/transport-conformance.js';
import { startRelayServer } from './relay-server.js';

runTransportConformance(
  { describe, it },
  {
    name: 'socket-io',
    create: async (relay, host) => {
      const server = await startRelayServer(relay);
      return { transport: socketIoTransport({ url: server.url, ...host }), dispose: () => server.close() };
    },
    seed: Number(process.env['SOTTO_SEED'] ?? 1),
  },
);
