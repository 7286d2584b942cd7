/** What a failure means to the person who sees it, in plain words. */
import { isSottoError, type SottoErrorCode } from '@sotto/sdk';

const texts: Partial<Record<SottoErrorCode, string>> = {
  'invalid-username': 'A username has 3 to 32 letters, digits or _, and begins with a letter.',
  'username-taken': 'This username is taken. Choose another.',
  'weak-password': 'A password has 8 characters or more.',
  'login-refused': 'The password is not right.',
  'rate-limited': 'That was too often. Wait a little, then try again.',
  offline: 'The relay cannot be reached right now.',
  'request-timeout': 'The relay took too long to answer. Try again.',
  unavailable: 'The relay is busy. Try again in a moment.',
  'invalid-contact-code': 'This is not a contact code. It looks like @bob#7K3M-Q9ZD-2VHX.',
  'invalid-contact-link': 'This is not a contact’s link or QR code.',
  'contact-link-version': 'This link is of a newer version of Sotto.',
  'contact-link-of-another-relay': 'This person uses another relay. You can only write to people on yours.',
  'link-code-outside-linking': 'This code would hand your account to somebody else. Do not use it.',
  'contact-is-self': 'That is yourself.',
  'not-found': 'Nobody was found. Check the code and try again.',
  'unknown-contact': 'This person is not among your contacts.',
  'identity-changed': 'The key is not the one you know.',
  'statement-mismatch': 'The relay’s answer about this person contradicts itself. Nothing was changed.',
  'safety-number-mismatch': 'The safety numbers are not equal.',
  'invalid-message': 'This is not a safety number.',
  'contact-blocked': 'You have blocked this person.',
  'contact-not-accepted': 'Accept the message request first.',
  'content-too-large': 'This is too long for one message.',
  'limit-exceeded': 'There is too much waiting already. Try again later.',
  'storage-full': 'There is no room left on this device.',
  fenced: 'Another tab has taken over.',
  'messenger-closed': 'Sotto was closed here. Load the page again.',
};

/** What a code means of a message that was not sent, where that is more than it means of anything else. */
const failureTexts: Partial<Record<SottoErrorCode, string>> = {
  'not-found': 'This account is no longer there.',
  'identity-changed': 'The key of this person has changed.',
  'content-too-large': 'It is too long for one message.',
};

/** Why a message was not sent. */
export function failureText(code: string): string {
  return failureTexts[code as SottoErrorCode] ?? codeText(code);
}

/** The text of an error code. */
function codeText(code: string): string {
  return texts[code as SottoErrorCode] ?? `Something went wrong (${code}).`;
}

/** The text of whatever was thrown. */
export function errorText(error: unknown): string {
  return isSottoError(error) ? codeText(error.code) : 'Something went wrong. Try again.';
}
