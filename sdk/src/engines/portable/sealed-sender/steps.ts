/**
 * The port's steps for sealed sender (spec: sealed-sender): sealing for one or for many, opening, splitting.
 * Of sessions it knows what it asks of them, registration ids; of relays, nothing.
 */
import { SottoError } from '../../../errors.js';
import type {
  CertificateTrust,
  EngineView,
  OurDevice,
  SealedContent,
  UnsealedMessage,
} from '../../../ports/index.js';
import type { DeviceAddress } from '../../../wire/index.js';
import { blaming } from '../failures.js';
import { serviceIdFixedWidth } from '../messages/service-id.js';
import { isLowerCaseUuid } from '../messages/uuid.js';
import { parseExactPublicKey, parseHeldPrivateKey, type KeyPair } from '../primitives/keys.js';
import type { Primitives } from '../primitives/primitives.js';
import { parseSenderCertificate } from './certificates.js';
import { serializeContent, type ParsedContent } from './content.js';
import { serializeSentForm, splitSentForm, type SentRecipient } from './sent-form.js';
import { believe } from './trust.js';
import { openVersion1, sealVersion1 } from './version-1.js';
import { encryptOnce, openerFor, openVersion2, type EncryptedOnce } from './version-2.js';

/**
 * The registration ids of the other devices in our current sessions with them, in the order asked for, read
 * in one round trip; `undefined` where there is no current session.
 */
export type RegistrationIdsOf = (
  view: EngineView,
  theirs: readonly DeviceAddress[],
) => Promise<readonly (number | undefined)[]>;

/** Registration ids have 14 bits in a sent form. */
const maxRegistrationId = 0x3fff;

/** One who receives, as the port names them. */
interface Recipient {
  readonly address: DeviceAddress;
  readonly identityKey: Uint8Array;
}

/** See `SealedSender.seal`. */
export async function seal(
  primitives: Primitives,
  input: {
    readonly our: OurDevice;
    readonly certificate: Uint8Array;
    readonly content: SealedContent;
    readonly theirIdentityKey: Uint8Array;
  },
): Promise<Uint8Array> {
  const { our, certificate, content, theirIdentityKey } = input;
  parseSenderCertificate(certificate);
  const theirs = parseExactPublicKey<'identity'>(theirIdentityKey);
  return sealVersion1(primitives, identityOf(our), theirs, serializeContent(content, certificate));
}

/**
 * See `SealedSender.sealForMany`.
 * @throws TypeError when a name is no account id
 */
export async function sealForMany(
  primitives: Primitives,
  registrationIdsOf: RegistrationIdsOf,
  view: EngineView,
  input: {
    readonly our: OurDevice;
    readonly certificate: Uint8Array;
    readonly content: SealedContent;
    readonly recipients: readonly Recipient[];
    readonly excluded?: readonly string[];
  },
): Promise<Uint8Array> {
  const { our, certificate, content, recipients, excluded = [] } = input;
  parseSenderCertificate(certificate);
  const excludedIds = excluded.map(serviceIdOf);
  const registrationIds = await registrationIdsOf(
    view,
    recipients.map(({ address }) => address),
  );
  const entries = entriesOf(recipients, registrationIds);
  const once = await encryptOnce(primitives, serializeContent(content, certificate));
  const sent: SentRecipient[] = [];
  for (const entry of entries) sent.push(await withOpener(primitives, once, identityOf(our), entry));
  const { ephemeral, ciphertext } = once;
  return serializeSentForm(sent, excludedIds, { coordinate: ephemeral.publicKey.subarray(1), ciphertext });
}

/** Adjacent devices of one account. */
interface Entry extends Omit<SentRecipient, 'opener' | 'devices'> {
  readonly accountId: string;
  /** That of the first of them counts for all. */
  readonly identityKey: Uint8Array;
  readonly devices: { readonly deviceId: number; readonly registrationId: number }[];
}

function entriesOf(
  recipients: readonly Recipient[],
  registrationIds: readonly (number | undefined)[],
): Entry[] {
  const entries: Entry[] = [];
  recipients.forEach(({ address: { accountId, deviceId }, identityKey }, index) => {
    const device = { deviceId, registrationId: registrationIdIn(registrationIds[index]) };
    const last = entries.at(-1);
    if (last?.accountId === accountId) last.devices.push(device);
    else entries.push({ accountId, serviceId: serviceIdOf(accountId), identityKey, devices: [device] });
  });
  return entries;
}

function registrationIdIn(registrationId: number | undefined): number {
  if (registrationId === undefined) throw new SottoError('no-session');
  if (registrationId > maxRegistrationId) throw new SottoError('invalid-registration-id');
  return registrationId;
}

async function withOpener(
  { curve }: Primitives,
  once: EncryptedOnce,
  our: KeyPair<'identity'>,
  { serviceId, devices, identityKey }: Entry,
): Promise<SentRecipient> {
  const theirs = parseExactPublicKey<'identity'>(identityKey);
  return { serviceId, devices, opener: await openerFor(curve, once, our, theirs) };
}

/**
 * See `SealedSender.splitSealed`.
 * @throws TypeError when the name is no account id
 */
export function splitSealed(sent: Uint8Array, accountId: string): Uint8Array {
  return splitSentForm(sent, serviceIdOf(accountId));
}

/** See `SealedSender.unseal`. */
export async function unseal(
  primitives: Primitives,
  input: { readonly our: OurDevice; readonly sealed: Uint8Array } & CertificateTrust,
): Promise<UnsealedMessage> {
  const { our, sealed } = input;
  const ours = identityOf(our);
  const { certificate, content } = await blaming('invalid-message', () => open(primitives, ours, sealed));
  const sender = believe(certificate, input);
  const { accountId, deviceId } = sender.sender;
  if (accountId === our.address.accountId && deviceId === our.address.deviceId) {
    throw new SottoError('sealed-by-self');
  }
  return { sender, content };
}

/** The upper half of the first byte is the version; the lower one is nobody's concern. */
function open(primitives: Primitives, our: KeyPair<'identity'>, sealed: Uint8Array): Promise<ParsedContent> {
  switch ((sealed[0] ?? 0xff) >> 4) {
    case 0:
    case 1:
      return openVersion1(primitives, our, sealed);
    case 2:
      return openVersion2(primitives.curve, our, sealed);
    default:
      throw new SottoError('invalid-message');
  }
}

function identityOf({ identity }: OurDevice): KeyPair<'identity'> {
  return {
    publicKey: parseExactPublicKey<'identity'>(identity.publicKey),
    privateKey: parseHeldPrivateKey(identity.privateKey.expose()),
  };
}

function serviceIdOf(accountId: string): Uint8Array {
  const serviceId = serviceIdFixedWidth(accountId);
  if (!serviceId || !isLowerCaseUuid(accountId)) throw new TypeError('not an account id');
  return serviceId;
}
