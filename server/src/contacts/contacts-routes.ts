/** Contact codes over HTTP. */
import type { Routes } from '../http/routes.js';
import type { ContactsService } from './contacts-service.js';

/** Routes of the `contacts.` operations. */
export function contactsRoutes(contacts: ContactsService): Pick<Routes, 'contacts.resolve'> {
  return {
    'contacts.resolve': {
      handle: ({ claims, request }) => contacts.resolve(claims, request),
      subject: ({ username }) => ({ username }),
    },
  };
}
