/** Pre-keys over HTTP. */
import type { Routes } from '../http/routes.js';
import type { KeysService } from './keys-service.js';

/** Routes of the `keys.` operations. */
export function keysRoutes(keys: KeysService): Pick<Routes, 'keys.upload' | 'keys.status' | 'keys.bundle'> {
  return {
    'keys.upload': { handle: ({ claims, request }) => keys.upload(claims, request) },
    'keys.status': { handle: ({ claims }) => keys.status(claims) },
    'keys.bundle': {
      handle: ({ claims, request }) => keys.bundle(claims, request),
      subject: ({ accountId }) => ({ targetId: accountId }),
      // A look at the manifest alone takes no key.
      limit: ({ deviceIds }) => (deviceIds.length === 0 ? 'read' : 'bundle'),
    },
  };
}
