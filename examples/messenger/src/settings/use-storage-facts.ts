/** What the browser says of the room it gives, and whether it keeps it. */
import { onMounted, shallowRef, type ShallowRef } from 'vue';

/** Absent where the browser does not say. */
export interface StorageFacts {
  readonly usedBytes: number | undefined;
  readonly freeBytes: number | undefined;
  readonly isPersistent: boolean | undefined;
}

async function look(): Promise<StorageFacts> {
  // Absent outside of a secure context.
  const storage = navigator.storage as StorageManager | undefined;
  const { usage, quota } = (await storage?.estimate()) ?? {};
  const freeBytes = usage === undefined || quota === undefined ? undefined : quota - usage;
  return { usedBytes: usage, freeBytes, isPersistent: await storage?.persisted() };
}

export function useStorageFacts(): {
  readonly facts: Readonly<ShallowRef<StorageFacts | undefined>>;
  /** Asks the browser to keep the data. @returns whether it will */
  readonly persist: () => Promise<boolean>;
} {
  const facts = shallowRef<StorageFacts>();
  onMounted(async () => (facts.value = await look()));
  return {
    facts,
    persist: async () => {
      const isKept = await navigator.storage.persist();
      facts.value = await look();
      return isKept;
    },
  };
}
