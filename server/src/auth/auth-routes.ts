/** Signing in over HTTP. */
import type { Routes } from '../http/routes.js';
import type { LoginService } from './login-service.js';
import type { Nonces } from './nonces.js';
import type { RefreshService } from './refresh-service.js';

/** Routes of the `auth.` operations. */
export function authRoutes(
  nonces: Nonces,
  logins: LoginService,
  refreshes: RefreshService,
): Pick<Routes, 'auth.nonce' | 'auth.login' | 'auth.refresh' | 'auth.logout'> {
  return {
    'auth.nonce': { handle: async () => ({ nonce: await nonces.issue() }) },
    'auth.login': {
      handle: ({ request, encodedBody }) => logins.login(request, encodedBody),
      subject: ({ username }) => ({ username }),
    },
    'auth.refresh': { handle: ({ request }) => refreshes.refresh(request) },
    'auth.logout': {
      handle: async ({ claims }) => {
        await refreshes.logout(claims);
        return {};
      },
    },
  };
}
