/** Opens the messenger of this browser. The one place that knows where it runs. */
import { createMessenger, type Messenger } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { deviceKey, encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { storageName } from './storage-name.js';

export async function openMessenger(): Promise<Messenger> {
  return createMessenger({
    engine: portableEngine(),
    storage: encryptedStorage(indexedDbStorage(storageName), await deviceKey(storageName)),
    transport: socketIoTransport({ url: location.origin }),
  });
}
