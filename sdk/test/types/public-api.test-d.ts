/**
 * What the compiler promises to users of the package. Checked by `npm run typecheck`: every
 * `@ts-expect-error` must be an error, and every `expectTypeOf` must hold.
 */
import { expectTypeOf } from 'vitest';
import {
  createMessenger,
  isSottoError,
  SottoError,
  type AccountId,
  type AnySottoError,
  type Contact,
  type ContactTrust,
  type DeviceId,
  type Message,
  type MessageId,
  type Messenger,
  type MessengerEventName,
  type MessengerOptions,
  type SottoErrorCode,
  type UndecryptableReason,
  type Username,
} from '@sotto/sdk';
import type { ProtocolEngine, StorageAdapter, StorageFence, Transport } from '@sotto/sdk';
import type { AccountId as WireAccountId, Envelope, RequestOf, ResponseOf } from '@sotto/sdk/wire';

declare const messenger: Messenger;
declare const error: AnySottoError;
declare const thrown: unknown;
declare const accountId: AccountId;
declare const deviceId: DeviceId;
declare const engine: ProtocolEngine;
declare const storage: StorageAdapter;
declare const transport: Transport;

/** Codes narrow details, in a `switch` and through `isSottoError`. */
export function errors(): void {
  switch (error.code) {
    case 'rate-limited':
    case 'unavailable':
      expectTypeOf(error.details.retryAfterMs).toEqualTypeOf<number | undefined>();
      break;
    case 'identity-changed':
      expectTypeOf(error.details.shownIdentityKey).toEqualTypeOf<Uint8Array | undefined>();
      // @ts-expect-error a changed identity knows no waiting time
      void error.details.retryAfterMs;
      break;
    case 'limit-exceeded':
      expectTypeOf(error.details.limit).toEqualTypeOf<string>();
      break;
    case 'invalid-request':
      expectTypeOf(error.details.fields).toEqualTypeOf<readonly string[] | undefined>();
      break;
    // @ts-expect-error there is no such code
    case 'no-such-code':
      break;
    default:
      expectTypeOf(error.details).toExtend<object>();
  }
  if (isSottoError(thrown, 'rate-limited')) {
    expectTypeOf(thrown).toEqualTypeOf<SottoError<'rate-limited'>>();
    expectTypeOf(thrown.details.retryAfterMs).toEqualTypeOf<number | undefined>();
  }
  if (isSottoError(thrown)) expectTypeOf(thrown.code).toEqualTypeOf<SottoErrorCode>();
  // @ts-expect-error there is no such code
  isSottoError(thrown, 'no-such-code');
  // @ts-expect-error which limit must be said
  void new SottoError('limit-exceeded');
  void new SottoError('limit-exceeded', { details: { limit: 'maxOutboxEntries' } });
  void new SottoError('offline', { cause: thrown });
  expectTypeOf<UndecryptableReason>().toExtend<SottoErrorCode>();
}

/** Every event has its own shape, and only events that exist can be listened to. */
export function events(): void {
  messenger.on('message', ({ seq, message }) => {
    expectTypeOf(seq).toEqualTypeOf<number>();
    expectTypeOf(message).toEqualTypeOf<Message>();
    expectTypeOf(message.status).toEqualTypeOf<'received' | 'pending' | 'sent' | 'delivered' | 'failed'>();
    if (message.body.kind === 'text') {
      expectTypeOf(message.body.text).toEqualTypeOf<string>();
    } else {
      // @ts-expect-error an unsupported body has no text
      void message.body.text;
    }
  });
  messenger.on('contact', ({ contact, change }) => {
    expectTypeOf(contact).toEqualTypeOf<Contact | undefined>();
    if (change === 'identity-changed') expectTypeOf(contact?.trust).toEqualTypeOf<ContactTrust | undefined>();
    // @ts-expect-error there is no such change
    void (change === 'vanished');
  });
  messenger.on('undecryptable', ({ sender, reason }) => {
    expectTypeOf(sender.accountId).toEqualTypeOf<AccountId>();
    expectTypeOf(reason).toEqualTypeOf<UndecryptableReason>();
  });
  messenger.on('connection', (state) => {
    if (state.kind === 'offline') {
      expectTypeOf(state.retryInMs).toEqualTypeOf<number>();
    } else {
      // @ts-expect-error only an offline stream says when it tries again
      void state.retryInMs;
    }
  });
  expectTypeOf(messenger.on('caught-up', () => undefined)).toEqualTypeOf<() => void>();
  messenger.on('message', async () => {
    await messenger.messages.conversations();
  });
  // @ts-expect-error there is no such event
  messenger.on('typing', () => undefined);
  // @ts-expect-error a listener takes what its event carries
  messenger.on('message', (text: string) => void text);
  expectTypeOf<MessengerEventName>().toExtend<string>();
}

/** Ids are not interchangeable, whatever they are made of. */
export function brands(): void {
  expectTypeOf(accountId).toExtend<string>();
  expectTypeOf<WireAccountId>().toEqualTypeOf<AccountId>();
  // @ts-expect-error a text is no account id
  const fromText: AccountId = '00000000-0000-4000-8000-000000000000';
  // @ts-expect-error a number is no device id
  const fromNumber: DeviceId = 1;
  // @ts-expect-error an account id is no username
  const name: Username = accountId;
  // @ts-expect-error a number is no fence
  const fence: StorageFence = deviceId;
  // @ts-expect-error a message is not an account
  void messenger.contacts.get({} as MessageId);
  // @ts-expect-error a text is no account id
  void messenger.messages.send('bob', { text: 'hello' });
  void messenger.messages.send(accountId, { text: 'hello' });
  void [fromText, fromNumber, name, fence];
}

/** What a messenger is made from, and what a handler may do. */
export function construction(): void {
  // @ts-expect-error the application names its engine
  void createMessenger({ storage, transport });
  // @ts-expect-error there is no such policy
  void createMessenger({ engine, storage, transport, messageRequests: 'deny' });
  const options: MessengerOptions = {
    engine,
    storage,
    transport,
    onMessage: async (message, unit) => {
      expectTypeOf(await unit.get('key')).toEqualTypeOf<Uint8Array | undefined>();
      expectTypeOf(unit.send(message.sender, { text: 'x' })).toEqualTypeOf<Promise<Message>>();
      // @ts-expect-error values are bytes
      unit.put('key', 'text');
    },
  };
  expectTypeOf(createMessenger(options)).toEqualTypeOf<Promise<Messenger>>();
}

/** The wire's table gives each operation its request and its response. */
export function wire(): void {
  expectTypeOf<RequestOf<'contacts.resolve'>>().toExtend<{ username: Username; code: string }>();
  expectTypeOf<ResponseOf<'auth.nonce'>['nonce']>().toExtend<Uint8Array>();
  expectTypeOf<Envelope['sender']['deviceId']>().toEqualTypeOf<DeviceId>();
  // @ts-expect-error there is no such operation
  expectTypeOf<RequestOf<'no.such'>>().toBeUnknown();
}
