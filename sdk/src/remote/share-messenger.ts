/**
 * One identity in many tabs: one tab has the messenger, the others use it, and when it goes another takes its
 * place. Each tab holds one object all the while.
 */
import { Share } from './share.js';
import type { SharedMessenger, ShareMessengerOptions } from './share-api.js';

/**
 * Shares one account between all tabs of an origin (or their workers) that call this with the same name. One of
 * them opens the messenger and carries out what all ask for; when it is closed another takes over at once, when
 * it is frozen after 1.5 seconds. Calls under way then are made again at the new one, and take effect once;
 * `account.signOut` alone fails as `outcome-unknown`.
 *
 * Every tab's listeners hear every event. A journalled event counts as heard when the leading tab's listeners
 * have heard it: the other tabs are told, and not waited for.
 *
 * @example
 * ```ts
 * const messenger = await shareMessenger({
 *   name: 'main',
 *   open: () => createMessenger({ engine, storage: indexedDbStorage('main'), transport }),
 * });
 * messenger.share.on(({ role, reason }) => console.log(role, reason));
 * ```
 *
 * @returns when a messenger can be used, whichever tab has it
 * @throws what `open` rejects with in this tab; SottoError `remote-version` when the tab that leads is of another version
 */
export async function shareMessenger(options: ShareMessengerOptions): Promise<SharedMessenger> {
  if (options.name.length < 1 || options.name.length > 128)
    throw new TypeError('name has 1 to 128 characters');
  const share = new Share(options);
  try {
    await share.ready();
    return share.messenger;
  } catch (error) {
    await share.close();
    throw error;
  }
}
