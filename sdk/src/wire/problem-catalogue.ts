/**
 * The table of problems: every way the relay refuses, with its status and what to do. Data alone, apart from
 * the schemas: whoever needs a code or its text does not get a validator with it.
 */

/** One row of the problem table. */
export interface ProblemEntry {
  /** The HTTP status that goes with the code. */
  readonly status: number;
  /** When the relay answers so. */
  readonly when: string;
  /** What the caller can do. */
  readonly next: string;
}

/** Every problem of the relay, by code. Codes are API; titles are not. */
export const problemCatalogue = {
  'invalid-request': {
    status: 400,
    when: 'The input does not fit the schema of the operation.',
    next: 'A defect of the caller; repeating it does not help.',
  },
  'payload-too-large': {
    status: 413,
    when: 'The body or frame is larger than the limit of the operation.',
    next: 'Send less.',
  },
  'not-found': {
    status: 404,
    when: 'No such path, or nothing answers to the pair of username and code.',
    next: 'Check the contact code.',
  },
  'method-not-allowed': {
    status: 405,
    when: 'The path exists, but not with this method.',
    next: 'A defect of the caller.',
  },
  unauthorized: {
    status: 401,
    when: 'The access token is missing, expired or not of this relay, or its login has ended.',
    next: 'Refresh the token and repeat.',
  },
  'login-refused': {
    status: 401,
    when: 'The username, the password or the device is unknown. Which of them is not said.',
    next: 'Check the password.',
  },
  'proof-refused': {
    status: 403,
    when: 'A signature over the request does not verify, or its nonce is unknown, expired or used.',
    next: 'Fetch a new nonce and sign again.',
  },
  'refresh-refused': {
    status: 401,
    when: 'The refresh token is unknown, expired, revoked or was used before by another request.',
    next: 'Log in with the password.',
  },
  'signature-refused': {
    status: 422,
    when: 'A statement or manifest is not signed by its identity key, or names another account.',
    next: 'A defect of the caller.',
  },
  'username-taken': {
    status: 409,
    when: 'The username belongs or belonged to another account.',
    next: 'Choose another username.',
  },
  'account-id-taken': {
    status: 409,
    when: 'The account id is or was in use.',
    next: 'Make a new random account id.',
  },
  'manifest-conflict': {
    status: 409,
    when: 'The device list is not the next version after the one in force: another change came first.',
    next: 'Look at the account again, and decide again.',
  },
  'device-id-taken': {
    status: 409,
    when: 'The new device has a device id that was in use in the last 30 days, or both ids of an earlier device.',
    next: 'Choose another device id.',
  },
  'reset-waiting': {
    status: 409,
    when: 'A reset was not asked for, or the devices of the account may still object to it.',
    next: 'Ask for it, and wait as long as the answer says.',
  },
  'reset-objected': {
    status: 403,
    when: 'A device of the account has objected to its reset.',
    next: 'Use that device. A day after it was first asked for, a reset may be asked for again.',
  },
  'device-replaced': {
    status: 401,
    when: 'Another device has taken this one’s place, by a restored backup or a reset. Said to none but this device.',
    next: 'Tell the user. This device cannot come back; it can be signed out and wiped.',
  },
  'keys-missing': {
    status: 409,
    when: 'A device of the account has not uploaded its signed and last-resort keys yet.',
    next: 'Try again later.',
  },
  'introduction-required': {
    status: 403,
    when: 'The introduction or delivery token is missing, expired, or made for others.',
    next: 'Resolve the contact code again.',
  },
  'idempotency-conflict': {
    status: 409,
    when: 'The attempt id was used before for other bytes.',
    next: 'A defect of the caller; nothing was sent.',
  },
  'mailbox-full': {
    status: 507,
    when: 'The mailbox of a recipient device holds its maximum.',
    next: 'Try again later.',
  },
  'rate-limited': {
    status: 429,
    when: 'A limit of the relay is used up.',
    next: 'Wait for `retryAfterMs`.',
  },
  unavailable: {
    status: 503,
    when: 'The relay is starting, draining or cannot reach its database.',
    next: 'Try again later; nothing was accepted.',
  },
  'internal-error': {
    status: 500,
    when: 'A defect of the relay.',
    next: 'Report it with the request id.',
  },
} as const satisfies Record<string, ProblemEntry>;

/** The code of a problem. */
export type ProblemCode = keyof typeof problemCatalogue;
