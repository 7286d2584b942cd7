/**
 * Where the messenger lives: keys, ratchets, storage and the connection to the relay. The page reaches it through
 * a port, and sees none of them.
 */
import { createMessenger, isSottoError, Secret } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { exposeMessenger } from '@sotto/sdk/remote';
import { deviceKey, encryptedStorage } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import type { OpeningAnswer, OpeningRequest } from './opening.js';
import { storageName } from './storage-name.js';

async function open({ port, relayOrigin, storageKey }: OpeningRequest): Promise<void> {
  const key = storageKey ? new Secret(storageKey) : await deviceKey(storageName);
  const messenger = await createMessenger({
    engine: portableEngine(),
    storage: encryptedStorage(indexedDbStorage(storageName), key),
    transport: socketIoTransport({ url: relayOrigin }),
  });
  exposeMessenger(messenger, port);
}

const answer = (message: OpeningAnswer) => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<OpeningRequest>) => {
  open(data).then(
    () => answer({ kind: 'opened' }),
    (error: unknown) => answer({ kind: 'failed', code: isSottoError(error) ? error.code : undefined }),
  );
});
