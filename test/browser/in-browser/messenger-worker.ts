/** A worker with a messenger in it, for the page that started it. */
import { createMessenger } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { exposeMessenger, type WebRemotePort } from '@sotto/sdk/remote';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { countingHandler } from './counting-handler.js';

const messenger = await createMessenger({
  engine: portableEngine(),
  storage: indexedDbStorage('worker'),
  transport: socketIoTransport({ url: decodeURIComponent(location.hash.slice(1)) }),
  onMessage: countingHandler,
});
exposeMessenger(messenger, globalThis as unknown as WebRemotePort);
