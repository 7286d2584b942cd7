/** Safety numbers (spec: fingerprint). Knows no contact and no trust state. */
import { Fingerprint as NativeFingerprint, ScannableFingerprint } from '@signalapp/libsignal-client';
import { SottoError } from '../../errors.js';
import type { Fingerprint, FingerprintInput } from '../../ports/index.js';
import { plainBytes, publicKeyFrom } from './bytes.js';
import { translated } from './errors.js';

const version = 2;
const iterations = 5200;

/** A scannable fingerprint has 74 bytes; more than this is something else, and is not parsed. */
const maxScannableLength = 256;

/** See `ProtocolEngine.fingerprint`. */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const ourKey = publicKeyFrom('fingerprint', input.ourIdentityKey);
  const theirKey = publicKeyFrom('fingerprint', input.theirIdentityKey);
  const native = translated('fingerprint', () =>
    NativeFingerprint.new(
      iterations,
      version,
      plainBytes(input.ourId),
      ourKey,
      plainBytes(input.theirId),
      theirKey,
    ),
  );
  return {
    displayable: native.displayableFingerprint().toString(),
    scannable: native.scannableFingerprint().toBuffer(),
  };
}

/** See `ProtocolEngine.compareScannable`. */
export function compareScannable(ours: Uint8Array, scanned: Uint8Array): void {
  if (scanned.length > maxScannableLength) throw new SottoError('invalid-message');
  const equal = translated('compare', () => {
    const mine = ScannableFingerprint._fromBuffer(plainBytes(ours));
    return mine.compare(ScannableFingerprint._fromBuffer(plainBytes(scanned)));
  });
  if (!equal) throw new SottoError('safety-number-mismatch');
}
