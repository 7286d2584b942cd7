/** How a child process of the storage suite opens an encrypted storage over level. */
import { encryptedStorage } from '../../src/storage/encrypted/index.js';
import { levelStorage } from '../../src/storage/level/index.js';
import { Secret } from '../../src/secret.js';

export const open = (location: string) =>
  encryptedStorage(levelStorage(location), new Secret(new Uint8Array(32).fill(7)));
