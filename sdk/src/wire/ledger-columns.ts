/**
 * The ledger's columns: what the relay's database holds, and for how long. Every one of them stands in the
 * published ledger. Knows no operation and no SQL.
 */
/** What one column of the relay's database holds, and for how long. */
export interface LedgerColumn {
  readonly holds: string;
  readonly until: string;
}

const accountLife = 'the account is deleted';
const deviceLife = 'the account is deleted or the device is gone';
const delivery = 'the device acknowledges the envelope; 30 days at most';
const attemptLife = '31 days after the send, or the sender’s account is deleted';
const familyLife = 'logout, revocation, 60 days without use, or the account is deleted';
const forever = 'the database is given up';
const retiredFamilyLife = 'the login would have expired, or the account is deleted';

/** Every column of the relay's database, as `table.column`. */
export const ledgerColumns = {
  'schema_migrations.version': { holds: 'Which steps of the schema were applied.', until: forever },
  'schema_migrations.name': { holds: 'Their names.', until: forever },
  'relay_settings.name': { holds: 'The name of a setting of the relay itself: `relay-id`.', until: forever },
  'relay_settings.value': { holds: 'Its value: a random UUID, the salt of login keys.', until: forever },

  'accounts.account_id': { holds: 'The account’s random UUID.', until: accountLife },
  'accounts.username': { holds: 'Its username.', until: accountLife },
  'accounts.identity_key': { holds: 'Its public identity key.', until: accountLife },
  'accounts.statement_signature': {
    holds: 'The identity key’s signature over the three before.',
    until: accountLife,
  },
  'accounts.manifest': { holds: 'The signed list of its devices.', until: accountLife },
  'accounts.contact_code': {
    holds: 'The contact code, derived from name and public key.',
    until: accountLife,
  },
  'accounts.auth_scheme': { holds: 'How the login key is derived from the password.', until: accountLife },
  'accounts.login_key_hash': {
    holds:
      'Argon2id of the login key, which is itself derived from the password with scrypt. Whoever has it can guess passwords offline.',
    until: accountLife,
  },
  'retired_usernames.username': {
    holds: 'Names of deleted accounts, so that nobody inherits one.',
    until: forever,
  },
  'retired_account_ids.account_id': {
    holds: 'Ids of deleted accounts, not joined with their names.',
    until: forever,
  },

  'devices.account_id': { holds: 'Whose device it is.', until: deviceLife },
  'devices.device_id': { holds: 'Its number in the account.', until: deviceLife },
  'devices.registration_id': { holds: 'Tells two lives of one number apart.', until: deviceLife },
  'devices.auth_key': { holds: 'The device’s public key for signed requests.', until: deviceLife },
  'devices.added_day': { holds: 'The day it was added.', until: deviceLife },
  'devices.last_envelope_seq': {
    holds: 'How many envelopes the device was ever sent: a count, without senders or times.',
    until: deviceLife,
  },
  'devices.depth_base_seq': {
    holds: 'How many of them had left its mailbox when that was last counted, near its quota; 0 before.',
    until: deviceLife,
  },
  'devices.acknowledged_store_seq': {
    holds:
      'The highest count of commits that came with an acknowledgement: how much the device has done, not what.',
    until: deviceLife,
  },

  'device_progress.account_id': { holds: 'Whose device it is.', until: deviceLife },
  'device_progress.device_id': { holds: 'Its number in the account.', until: deviceLife },
  'device_progress.store_seq': {
    holds: 'The highest count of commits that came with a send: how much the device has done, not what.',
    until: deviceLife,
  },

  'continuities.account_id': { holds: 'Whose device it is.', until: deviceLife },
  'continuities.device_id': { holds: 'Its number in the account.', until: deviceLife },
  'continuities.generation': {
    holds: 'How often it has begun anew after its state was rolled back or copied.',
    until: deviceLife,
  },
  'continuities.current': {
    holds: 'SHA-256 of random bytes that the device was given when it connected last.',
    until: 'it connects again',
  },
  'continuities.previous': { holds: 'SHA-256 of those it showed then.', until: 'it connects again' },
  'continuities.resumed_at': { holds: 'Its count of commits then.', until: 'it connects again' },

  'envelopes.account_id': { holds: 'Whose mailbox an undelivered envelope is in.', until: delivery },
  'envelopes.device_id': { holds: 'Which device’s.', until: delivery },
  'envelopes.seq': { holds: 'Its place in that mailbox.', until: delivery },
  'envelopes.envelope_id': {
    holds: 'A UUID made by the relay: random bits and the place in the mailbox.',
    until: delivery,
  },
  'envelopes.sender_account_id': {
    holds: 'Who sent it: without sealed sender the relay sees who writes to whom.',
    until: delivery,
  },
  'envelopes.sender_device_id': { holds: 'From which device.', until: delivery },
  'envelopes.kind': { holds: 'Whether it starts a session.', until: delivery },
  'envelopes.ciphertext': { holds: 'The ciphertext, padded by the sender.', until: delivery },
  'envelopes.accepted_at': { holds: 'When it was accepted, in milliseconds.', until: delivery },

  'attempts.sender_account_id': { holds: 'Who made an accepted send.', until: attemptLife },
  'attempts.sender_device_id': { holds: 'From which device.', until: attemptLife },
  'attempts.attempt_id': { holds: '16 random bytes made by the sender.', until: attemptLife },
  'attempts.content_hash': {
    holds:
      'SHA-256 over recipient and ciphertexts. The recipient is not stored, but whoever has the ciphertexts can check a guess.',
    until: attemptLife,
  },
  'attempts.accepted_at': { holds: 'When it was accepted, in milliseconds.', until: attemptLife },

  'auth_nonces.nonce': {
    holds: 'Random bytes that were handed out for one signed request.',
    until: 'they are used; 5 minutes at most',
  },
  'auth_nonces.expires_at': { holds: 'When they expire.', until: 'they are used; 5 minutes at most' },

  'refresh_families.family_id': { holds: 'A random UUID of one login.', until: familyLife },
  'refresh_families.account_id': { holds: 'Whose login.', until: familyLife },
  'refresh_families.device_id': { holds: 'On which device.', until: familyLife },
  'refresh_families.number': { holds: 'How often it was refreshed.', until: familyLife },
  'refresh_families.token_hash': { holds: 'SHA-256 of the newest refresh token.', until: familyLife },
  'refresh_families.request_hash': { holds: 'SHA-256 of the request it answered.', until: familyLife },
  'refresh_families.expires_at': { holds: 'When it expires: 60 days after the last use.', until: familyLife },

  'retired_devices.account_id': {
    holds: 'Whose device another took the place of, from a backup.',
    until: accountLife,
  },
  'retired_devices.device_id': { holds: 'Its number in the account.', until: accountLife },
  'retired_devices.registration_id': {
    holds: 'Its other number, never used with that one again.',
    until: accountLife,
  },
  'retired_devices.auth_key': {
    holds: 'Its public key for signed requests, by which it is told when it comes back.',
    until: accountLife,
  },
  'retired_devices.retired_day': { holds: 'The day it was replaced.', until: accountLife },

  'retired_families.family_id': { holds: 'The random UUID of one of its logins.', until: retiredFamilyLife },
  'retired_families.account_id': { holds: 'Whose login it was.', until: retiredFamilyLife },
  'retired_families.device_id': { holds: 'On which device.', until: retiredFamilyLife },
  'retired_families.registration_id': { holds: 'In which life of that number.', until: retiredFamilyLife },
  'retired_families.expires_at': { holds: 'When it would have expired.', until: retiredFamilyLife },

  'resets.account_id': {
    holds: 'Whose account somebody with its password wants to reset.',
    until: 'it is reset, or 8 days after',
  },
  'resets.requested_at': { holds: 'When that was asked, in milliseconds.', until: 'as above' },
  'resets.completes_at': { holds: 'Until when its devices may object.', until: 'as above' },
  'resets.objected': { holds: 'Whether one has.', until: 'as above' },

  'lasting_pre_keys.account_id': { holds: 'Whose signed and last-resort pre-keys.', until: deviceLife },
  'lasting_pre_keys.device_id': { holds: 'Of which device.', until: deviceLife },
  'lasting_pre_keys.kind': { holds: 'Which of the two.', until: deviceLife },
  'lasting_pre_keys.key_id': { holds: 'The key’s number.', until: 'it is replaced' },
  'lasting_pre_keys.public_key': { holds: 'The public key.', until: 'it is replaced' },
  'lasting_pre_keys.signature': { holds: 'The identity key’s signature over it.', until: 'it is replaced' },

  'one_time_pre_keys.account_id': { holds: 'Whose one-time pre-keys.', until: deviceLife },
  'one_time_pre_keys.device_id': { holds: 'Of which device.', until: deviceLife },
  'one_time_pre_keys.kind': { holds: 'EC or KEM.', until: deviceLife },
  'one_time_pre_keys.key_id': {
    holds: 'The key’s number; kept after it was handed out, so that it is not used again.',
    until: '31 days after it was handed out',
  },
  'one_time_pre_keys.public_key': { holds: 'The public key.', until: 'it is handed out' },
  'one_time_pre_keys.signature': {
    holds: 'The identity key’s signature over a KEM key.',
    until: 'it is handed out',
  },
  'one_time_pre_keys.handed_out_day': {
    holds: 'The day it was handed out; not to whom.',
    until: '31 days after',
  },
} as const satisfies Record<`${string}.${string}`, LedgerColumn>;

/** The name of a column in {@link ledgerColumns}. */
export type LedgerColumnName = keyof typeof ledgerColumns;
