/** Accounts over HTTP. */
import type { Routes } from '../http/routes.js';
import type { AccountsService } from './accounts-service.js';
import type { RecoveryService } from './recovery-service.js';

/** Routes of the `accounts.` operations. */
export function accountsRoutes(
  accounts: AccountsService,
  recovery: RecoveryService,
): Pick<Routes, 'accounts.register' | 'accounts.delete' | 'accounts.state' | 'accounts.replace-device'> {
  return {
    'accounts.register': { handle: ({ request }) => accounts.register(request) },
    'accounts.delete': {
      handle: async ({ claims, request }) => {
        await accounts.remove(claims, request);
        return {};
      },
    },
    'accounts.state': {
      handle: ({ request, encodedBody }) => recovery.state(request, encodedBody),
      subject: ({ accountId }) => ({ targetId: accountId }),
    },
    'accounts.replace-device': {
      handle: ({ request, encodedBody }) => recovery.replaceDevice(request, encodedBody),
      subject: ({ manifest }) => ({ targetId: manifest.accountId }),
    },
  };
}
