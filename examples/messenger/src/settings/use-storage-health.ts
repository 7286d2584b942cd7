/** What the SDK says of this device's storage, asked for when the settings are opened. */
import type { StorageHealth } from '@sotto/sdk';
import { onMounted, shallowRef, type ShallowRef } from 'vue';
import { storageName } from '../messenger/storage-name.js';

/** Looked at by few: no part of what is loaded first. */
const indexedDb = () => import('@sotto/sdk/storage/indexeddb');

/** See the header. */
export function useStorageHealth(): {
  readonly health: Readonly<ShallowRef<StorageHealth | undefined>>;
  /** Asks the browser to keep the data. @returns whether it will */
  readonly persist: () => Promise<boolean>;
} {
  const health = shallowRef<StorageHealth>();
  const look = async () => {
    health.value = await (await indexedDb()).inspectIndexedDbStorage(storageName);
  };
  onMounted(look);
  return {
    health,
    persist: async () => {
      const persistence = await (await indexedDb()).requestPersistence();
      await look();
      return persistence === 'granted';
    },
  };
}
