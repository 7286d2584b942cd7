/**
 * Where the messenger lives: keys, ratchets, storage and the connection to the relay. The page reaches it through
 * a port, and sees none of them. Of several tabs one has it, and the others use that one's.
 */
import { createMessenger, isSottoError, Secret } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { exposeMessenger, shareMessenger } from '@sotto/sdk/remote';
import { deviceKey, encryptedStorage, removeDeviceKey } from '@sotto/sdk/storage/encrypted';
import { indexedDbStorage } from '@sotto/sdk/storage/indexeddb';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import type { OpeningAnswer, OpeningRequest } from './opening.js';
import { storageName } from './storage-name.js';

const removeKey = () => removeDeviceKey(storageName);
const answer = (message: OpeningAnswer) => postMessage(message);

async function open({ port, relayOrigin, storageKey }: OpeningRequest): Promise<void> {
  const messenger = await shareMessenger({
    name: storageName,
    open: async () => {
      const key = storageKey ? new Secret(storageKey.slice()) : await deviceKey(storageName);
      return createMessenger({
        engine: portableEngine(),
        storage: encryptedStorage(indexedDbStorage(storageName), key, storageKey ? {} : { removeKey }),
        transport: socketIoTransport({ url: relayOrigin }),
      });
    },
  });
  messenger.share.on(() => answer({ kind: 'moved' }));
  exposeMessenger(messenger, port);
}

addEventListener('message', ({ data }: MessageEvent<OpeningRequest>) => {
  open(data).then(
    () => answer({ kind: 'opened' }),
    (error: unknown) => answer({ kind: 'failed', code: isSottoError(error) ? error.code : undefined }),
  );
});
