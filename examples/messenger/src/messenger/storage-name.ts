/** The name of this browser's account among the databases and keys of its origin. */
export const storageName = 'sotto-messenger';
