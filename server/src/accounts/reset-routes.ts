/** Resets over HTTP. */
import type { Routes } from '../http/routes.js';
import type { ResetService } from './reset-service.js';

/** Routes of the `reset.` operations. */
export function resetRoutes(
  resets: ResetService,
): Pick<Routes, 'reset.request' | 'reset.complete' | 'reset.status' | 'reset.object'> {
  return {
    'reset.request': {
      handle: ({ request }) => resets.request(request),
      subject: ({ username }) => ({ username }),
    },
    'reset.complete': {
      handle: ({ request, encodedBody }) => resets.complete(request, encodedBody),
      subject: ({ username }) => ({ username }),
    },
    'reset.status': { handle: ({ claims }) => resets.status(claims) },
    'reset.object': {
      handle: async ({ claims }) => {
        await resets.object(claims);
        return {};
      },
    },
  };
}
