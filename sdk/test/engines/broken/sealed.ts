/** Engines that are wrong about sealed sender, in one way each. */
import { concatBytes, utf8 } from '../../../src/bytes.js';
import { SottoError } from '../../../src/errors.js';
import type { CertificateTrust } from '../../../src/ports/index.js';
import { instead, type Breakage } from './breakage.js';

const uuidTextLength = 36;

const timeless = <Trust extends CertificateTrust>(trust: Trust): Trust => ({ ...trust, now: 0 });

/** Of certificates. */
export const certificateBreakages: readonly Breakage[] = [
  [
    'does not look at the clock',
    'certificates > are good up to their last millisecond',
    (good) => ({
      verifySenderCertificate: (certificate, trust) =>
        good.verifySenderCertificate(certificate, timeless(trust)),
    }),
  ],
  [
    'ends certificates a moment early',
    'certificates > are good up to their last millisecond',
    (good) => ({
      verifySenderCertificate: (certificate, trust) =>
        good.verifySenderCertificate(certificate, { ...trust, now: trust.now + 1 }),
    }),
  ],
  [
    'calls false certificates expired',
    'certificates > are good up to their last millisecond',
    (good) => ({
      verifySenderCertificate: (certificate, trust) =>
        instead('invalid-certificate', good.verifySenderCertificate(certificate, trust), () => {
          throw new SottoError('certificate-expired');
        }),
    }),
  ],
  [
    'knows only the first of several roots',
    'certificates > say who may be believed, under any of several roots',
    (good) => ({
      verifySenderCertificate: (certificate, trust) =>
        good.verifySenderCertificate(certificate, { ...trust, trustRoots: trust.trustRoots.slice(0, 1) }),
    }),
  ],
  ...[
    'are refused with any byte flipped, cut or lengthened',
    'are refused without a trust root that signed',
    'are refused when signed by a server that no root signed',
    'are refused when genuine but malformed',
  ].map((caughtBy): Breakage => [
    `believes anything, so that certificates ${caughtBy.replace('refused', 'taken')}`,
    `certificates > ${caughtBy}`,
    (good) => ({
      verifySenderCertificate: (certificate, trust) =>
        instead('invalid-certificate', good.verifySenderCertificate(certificate, trust), () => ({
          sender: { accountId: '', deviceId: 1 } as never,
          identityKey: new Uint8Array(33),
          expiresAt: 0,
        })),
    }),
  ]),
  [
    'issues certificates for any time',
    'certificates > are not issued for what is no address, id or time',
    (good) => ({
      issueSenderCertificate: (input) =>
        good.issueSenderCertificate({ ...input, expiresAt: Math.abs(Math.trunc(input.expiresAt)) }),
    }),
  ],
];

/** Of sealing and opening. */
export const sealedBreakages: readonly Breakage[] = [
  [
    'loses the content hint',
    'sealed sender, version 1 > carries every kind of content, hint and group id',
    (good) => ({
      seal: (input) => good.seal({ ...input, content: { ...input.content, contentHint: 0 } }),
    }),
  ],
  [
    'writes the sender on the outside',
    'sealed sender, version 1 > carries messages of sessions and hides who sent them',
    (good) => ({
      seal: async (input) => concatBytes(await good.seal(input), utf8(input.our.address.accountId)),
      unseal: (input) => good.unseal({ ...input, sealed: input.sealed.slice(0, -uuidTextLength) }),
    }),
  ],
  [
    'seals the same content in the same way',
    'sealed sender, version 1 > is different every time',
    (good) => {
      let made: Promise<Uint8Array> | undefined;
      return { seal: (input) => (made ??= good.seal(input)) };
    },
  ],
  [
    'does not know itself',
    'sealed sender, version 2 > from this very device is named so',
    (good) => ({
      unseal: ({ our, ...input }) => {
        const deviceId = 99 as typeof our.address.deviceId;
        return good.unseal({ ...input, our: { ...our, address: { ...our.address, deviceId } } });
      },
    }),
  ],
  [
    'takes other devices of the account for itself',
    'sealed sender, version 1 > from this very device is named so',
    (good) => ({
      unseal: async (input) => {
        const opened = await good.unseal(input);
        if (opened.sender.sender.accountId === input.our.address.accountId) {
          throw new SottoError('sealed-by-self');
        }
        return opened;
      },
    }),
  ],
  [
    'opens messages under late certificates',
    'hostile sealed messages, version 1 > under a certificate nobody believes, or a late one, are refused',
    (good) => ({ unseal: (input) => good.unseal(timeless(input)) }),
  ],
  [
    'seals under what is no certificate, for nobody to open',
    'hostile sealed messages, version 1 > are not made with what is no certificate or key',
    (good) => ({
      seal: (input) => instead('invalid-certificate', good.seal(input), () => new Uint8Array(100)),
    }),
  ],
  [
    'gives the whole sent form to whoever is not in it',
    'sealed sender for many > gives each account what only it opens',
    (good) => ({
      splitSealed: (sent, accountId) =>
        instead('invalid-message', good.splitSealed(sent, accountId), () => sent),
    }),
  ],
  [
    'tells the relay nothing of registration ids',
    'sealed sender for many > tells the relay devices and registration ids',
    (good) => ({
      sealForMany: async (view, input) => {
        const sent = (await good.sealForMany(view, input)).slice();
        sent.fill(0, 20, 22);
        return sent;
      },
    }),
  ],
  [
    'leaves out devices it has no session with',
    'hostile sealed messages for many > are not made without a session with every device',
    (good) => ({
      sealForMany: (view, input) =>
        instead('no-session', good.sealForMany(view, input), () =>
          good.sealForMany(view, { ...input, recipients: input.recipients.slice(0, 1) }),
        ),
    }),
  ],
  [
    'leaves out devices whose registration id does not fit',
    'hostile sealed messages for many > are not made for registration ids of more than 14 bits',
    (good) => ({
      sealForMany: (view, input) =>
        instead('invalid-registration-id', good.sealForMany(view, input), () =>
          good.sealForMany(view, { ...input, recipients: [] }),
        ),
    }),
  ],
  [
    'takes damaged sessions for none',
    'hostile sealed messages for many > are not made from damaged sessions (seed 1)',
    (good) => ({
      sealForMany: (view, input) =>
        instead('engine-record-invalid', good.sealForMany(view, input), () => {
          throw new SottoError('no-session');
        }),
    }),
  ],
  ...[
    'with any byte flipped are refused',
    'to somebody else are refused',
    'under another’s certificate are refused',
  ].map((caughtBy): Breakage => [
    `opens what it cannot, so that messages ${caughtBy.replace('refused', 'taken')}`,
    `hostile sealed messages, version 2 > ${caughtBy}`,
    (good) => ({
      unseal: (input) =>
        instead('invalid-message', good.unseal(input), () => ({
          sender: { sender: input.our.address, identityKey: new Uint8Array(33), expiresAt: 0 },
          content: { kind: 'message', message: new Uint8Array(), contentHint: 0 },
        })),
    }),
  ]),
  [
    'shows what it could not open',
    'hostile sealed messages, version 1 > show no secret in their errors',
    (good) => ({
      unseal: (input) =>
        instead('invalid-message', good.unseal(input), () => {
          const cause = new Error(`with ${input.our.identity.privateKey.expose().join(',')}`);
          throw new SottoError('invalid-message', { cause });
        }),
    }),
  ],
];
