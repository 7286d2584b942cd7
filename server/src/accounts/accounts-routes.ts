/** Accounts over HTTP. */
import type { Routes } from '../http/routes.js';
import type { AccountsService } from './accounts-service.js';

/** Routes of the `accounts.` operations. */
export function accountsRoutes(
  accounts: AccountsService,
): Pick<Routes, 'accounts.register' | 'accounts.delete'> {
  return {
    'accounts.register': { handle: ({ request }) => accounts.register(request) },
    'accounts.delete': {
      handle: async ({ claims, request }) => {
        await accounts.remove(claims, request);
        return {};
      },
    },
  };
}
