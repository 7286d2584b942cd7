/**
 * The ledger: what an honest relay keeps, logs and learns, for every operation, event and upkeep of
 * its own. It is published in `docs/relay-protocol.md`, and tests compare it with every column of
 * the relay's database, with what each operation changed there, and with every line of its log.
 * Knows no SQL.
 */
import type { HttpOperationName, SocketOperationName } from './operations.js';
import { ledgerColumns, type LedgerColumn, type LedgerColumnName } from './ledger-columns.js';

/** What one event of the relay's log says. Every line has `level`, `time` and `event` besides. */
export interface LedgerLogEvent {
  readonly when: string;
  readonly fields: readonly string[];
}

const failure = ['errorName', 'errorCode', 'errorAt'] as const;

/** Every event of the relay's log. None of their fields names an account, a device, a user or a network address. */
export const ledgerLogEvents = {
  operation: {
    when: 'A request over HTTP was answered.',
    fields: ['operation', 'status', 'problem', 'durationMs', 'requestId', ...failure],
  },
  'handshake-refused': {
    when: 'A socket’s handshake was refused.',
    fields: ['operation', 'status', 'problem'],
  },
  'handshake-failed': {
    when: 'A handshake met a defect.',
    fields: ['operation', 'status', 'problem', 'requestId', ...failure],
  },
  'socket-request-refused': {
    when: 'A request over the socket was refused. Those that are granted leave no line.',
    fields: ['operation', 'status', 'problem', 'durationMs'],
  },
  'socket-request-failed': {
    when: 'A request over the socket met a defect.',
    fields: ['operation', 'status', 'problem', 'durationMs', 'requestId', ...failure],
  },
  'delivery-failed': { when: 'A mailbox could not be read for a connection.', fields: failure },
  listening: { when: 'The relay has started.', fields: ['port'] },
  draining: { when: 'The relay begins to stop.', fields: [] },
  closed: { when: 'The relay has stopped.', fields: [] },
  swept: { when: 'Something that expired was removed.', fields: ['part', 'count'] },
  'sweep-failed': { when: 'It could not be removed now.', fields: ['part', ...failure] },
  'limit-failed': { when: 'A counter of a rate limit failed.', fields: failure },
  'redis-linked': { when: 'Redis can be asked, at first or again.', fields: [] },
  'redis-away': { when: 'Redis cannot be asked now.', fields: failure },
  'catch-up-failed': { when: 'Mailboxes could not be compared with connections.', fields: failure },
  'database-connection-lost': { when: 'A connection to the database broke.', fields: failure },
} as const satisfies Record<string, LedgerLogEvent>;

/** The name of an event in {@link ledgerLogEvents}. */
export type LedgerLogEventName = keyof typeof ledgerLogEvents;

/**
 * Every key and channel of a relay's Redis; `*` stands for an id. Those of the mailbox are there when mailboxes
 * are kept in Redis. None of the others outlives a few minutes or is needed to deliver what was accepted.
 */
export const ledgerRedisKeys = {
  'sotto:places:{*}': {
    holds:
      'Under an account’s UUID: for each device that is connected, at which node, under which connection’s random id, and since when.',
    until: 'the device disconnects; 90 seconds after its node was last alive at most',
  },
  'sotto:bucket:{*}': {
    holds:
      'Under a digest, keyed with the relay’s secret, of what a rate limit counts against: the points left, and when they were counted.',
    until: 'the bucket is full again',
  },
  'sotto:node:{*}': {
    holds:
      'A channel, under a node’s random id: which device’s mailbox has something new and, below 16 KiB, the envelope itself; whose login ended; whose one-time keys run low; which connection was replaced. Nothing is kept.',
    until: 'it was passed on',
  },
  'sotto:{mailbox}:box:*': {
    holds:
      'Under an account’s UUID and a device number: what the columns of `envelopes` hold of each envelope that waits for the device.',
    until: 'acknowledged, or 30 days; an account’s or device’s end and the next sweep',
  },
  'sotto:{mailbox}:heads:*': {
    holds: 'Under an account’s UUID: each device’s last place that was given to an envelope.',
    until: 'the device or the account ends, and the next sweep',
  },
  'sotto:{mailbox}:attempts:*': {
    holds: 'Under a sender’s UUID and device number: what the columns of `attempts` hold.',
    until: '31 days; an account’s or device’s end and the next sweep',
  },
  'sotto:{mailbox}:oldest': {
    holds: 'Of each mailbox that is not empty: when its oldest envelope was accepted.',
    until: 'the mailbox is empty, and a sweep',
  },
  'sotto:{mailbox}:attempt-times': {
    holds: 'Of each attempt: when it was accepted.',
    until: 'the attempt is forgotten',
  },
  'sotto:{mailbox}:life': {
    holds: 'The server’s own random id of its last start, and how many starts there were.',
    until: 'its next start',
  },
} as const satisfies Record<string, LedgerColumn>;

/** What one operation, event or upkeep leaves behind. */
export interface LedgerEntry {
  /** Columns whose content it may add, change or remove. */
  readonly stores: readonly LedgerColumnName[];
  readonly logs: readonly LedgerLogEventName[];
  /** What the relay learns in passing and does not keep. */
  readonly reveals: string;
}

const http: readonly LedgerLogEventName[] = ['operation'];
const overSocket: readonly LedgerLogEventName[] = ['socket-request-refused', 'socket-request-failed'];

function columnsOf(...tables: readonly string[]): readonly LedgerColumnName[] {
  const names = Object.keys(ledgerColumns) as LedgerColumnName[];
  return names.filter((name) => tables.includes(name.slice(0, name.indexOf('.'))));
}

/** What whoever runs a relay can see of any request, whatever it asks. */
const connectionFacts = 'the network address, the time and the size of the request';
const rateLimited = `Besides ${connectionFacts}: counters of the rate limits, in memory (or in Redis, under digests) for minutes, under`;

/** What asking over HTTP or the socket leaves behind. */
export const ledgerOperations: { readonly [Name in HttpOperationName | SocketOperationName]: LedgerEntry } = {
  'relay.info': { stores: [], logs: http, reveals: `${rateLimited} the address.` },
  'accounts.register': {
    stores: /* @__PURE__ */ columnsOf('accounts', 'devices', 'refresh_families'),
    logs: http,
    reveals: `${rateLimited} the address. The login key is in memory while it is hashed.`,
  },
  'accounts.delete': {
    stores: /* @__PURE__ */ columnsOf(
      'accounts',
      'devices',
      'refresh_families',
      'envelopes',
      'attempts',
      'device_progress',
      'continuities',
      'lasting_pre_keys',
      'one_time_pre_keys',
      'auth_nonces',
      'retired_usernames',
      'retired_account_ids',
    ),
    logs: http,
    reveals: `${rateLimited} account and address.`,
  },
  'accounts.state': {
    stores: /* @__PURE__ */ columnsOf('auth_nonces'),
    logs: http,
    reveals: `${rateLimited} account and address. That somebody with its identity key is about to bring it back.`,
  },
  'accounts.replace-device': {
    stores: [
      'accounts.manifest',
      .../* @__PURE__ */ columnsOf(
        'devices',
        'envelopes',
        'refresh_families',
        'attempts',
        'device_progress',
        'continuities',
        'lasting_pre_keys',
        'one_time_pre_keys',
        'auth_nonces',
        'retired_devices',
        'retired_families',
      ),
    ],
    logs: http,
    reveals: `${rateLimited} account and address. That the device was lost or given up.`,
  },
  'reset.request': {
    stores: /* @__PURE__ */ columnsOf('resets'),
    logs: http,
    reveals: `${rateLimited} username and address. That everything of an account was lost. The login key is in memory while it is hashed.`,
  },
  'reset.complete': {
    stores: [
      'accounts.identity_key',
      'accounts.statement_signature',
      'accounts.manifest',
      'accounts.contact_code',
      .../* @__PURE__ */ columnsOf(
        'resets',
        'devices',
        'envelopes',
        'refresh_families',
        'attempts',
        'device_progress',
        'continuities',
        'lasting_pre_keys',
        'one_time_pre_keys',
        'auth_nonces',
        'retired_devices',
        'retired_families',
      ),
    ],
    logs: http,
    reveals: `${rateLimited} username and address. The login key is in memory while it is hashed.`,
  },
  'reset.status': { stores: [], logs: http, reveals: `${rateLimited} account and address.` },
  'reset.object': {
    stores: /* @__PURE__ */ columnsOf('resets', 'auth_nonces'),
    logs: http,
    reveals: `${rateLimited} account and address.`,
  },
  'auth.nonce': {
    stores: /* @__PURE__ */ columnsOf('auth_nonces'),
    logs: http,
    reveals: `${rateLimited} the address.`,
  },
  'auth.login': {
    stores: /* @__PURE__ */ columnsOf('auth_nonces', 'refresh_families'),
    logs: http,
    reveals: `${rateLimited} username and address. The login key is in memory while it is hashed.`,
  },
  'auth.refresh': {
    stores: /* @__PURE__ */ columnsOf('refresh_families'),
    logs: http,
    reveals: `${rateLimited} the address. That the device is in use.`,
  },
  'auth.logout': {
    stores: /* @__PURE__ */ columnsOf('refresh_families'),
    logs: http,
    reveals: `${rateLimited} account and address.`,
  },
  'contacts.resolve': {
    stores: [],
    logs: http,
    reveals: `${rateLimited} account, address and the name asked for. Who looks for whom; it is not kept.`,
  },
  'keys.upload': {
    stores: /* @__PURE__ */ columnsOf('lasting_pre_keys', 'one_time_pre_keys', 'auth_nonces'),
    logs: http,
    reveals: `${rateLimited} account and address.`,
  },
  'keys.status': { stores: [], logs: http, reveals: `${rateLimited} account and address.` },
  'keys.bundle': {
    stores: /* @__PURE__ */ columnsOf('one_time_pre_keys'),
    logs: http,
    reveals: `${rateLimited} account, address, target and the pair of account and target. Who begins to write to whom.`,
  },
  resume: {
    stores: /* @__PURE__ */ columnsOf('continuities'),
    logs: overSocket,
    reveals: `${rateLimited} the account. How much the device has done since, and whether its state is an older one or a copy.`,
  },
  send: {
    stores: [
      'devices.last_envelope_seq',
      'devices.depth_base_seq',
      .../* @__PURE__ */ columnsOf('envelopes', 'attempts', 'device_progress'),
    ],
    logs: overSocket,
    reveals: `${rateLimited} the account. Who writes to whom, when and how much.`,
  },
  acknowledge: {
    stores: ['devices.acknowledged_store_seq', .../* @__PURE__ */ columnsOf('envelopes')],
    logs: overSocket,
    reveals: `${rateLimited} the account. When a device has received what.`,
  },
};

/** What being connected leaves behind. */
export const ledgerEvents: { readonly [Name in LedgerEventName]: LedgerEntry } = {
  connect: {
    stores: [],
    logs: ['handshake-refused', 'handshake-failed'],
    reveals: `${rateLimited} account and address. Which device is online, in memory (and in Redis) while it is.`,
  },
  ready: { stores: [], logs: [], reveals: 'Nothing more.' },
  envelopes: { stores: [], logs: ['delivery-failed'], reveals: 'When a device was given what.' },
  'caught-up': { stores: [], logs: [], reveals: 'Nothing more.' },
  'keys-low': { stores: [], logs: [], reveals: 'Nothing more.' },
  goodbye: { stores: [], logs: [], reveals: 'When the connection ends.' },
};

/** What happens on a socket besides requests. */
export type LedgerEventName = 'connect' | 'ready' | 'envelopes' | 'caught-up' | 'keys-low' | 'goodbye';

/** What the relay does of its own. */
export const ledgerUpkeep: { readonly [Name in 'start and stop' | 'sweeps']: LedgerEntry } = {
  'start and stop': {
    stores: /* @__PURE__ */ columnsOf('schema_migrations', 'relay_settings'),
    logs: [
      'listening',
      'draining',
      'closed',
      'database-connection-lost',
      'limit-failed',
      'redis-linked',
      'redis-away',
      'catch-up-failed',
    ],
    reveals: 'Nothing.',
  },
  sweeps: {
    stores: /* @__PURE__ */ columnsOf(
      'envelopes',
      'attempts',
      'auth_nonces',
      'refresh_families',
      'retired_families',
      'resets',
      'one_time_pre_keys',
    ),
    logs: ['swept', 'sweep-failed'],
    reveals: 'Nothing.',
  },
};
