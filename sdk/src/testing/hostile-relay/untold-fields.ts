/** Fields of the wire about which no lie is told, each with the reason. A field that is neither here nor lied about fails the suite. */
import { relayFilledFields } from './wire-fields.js';

/** What is told to somebody who has lost a device, and nobody on the stage has. */
const recovery = /^(accounts\.state|accounts\.replace-device|reset\.request|reset\.complete)\//;

const toldInRecovery = relayFilledFields()
  .filter((field) => recovery.test(field))
  .map((field): readonly [string, string] => [
    field,
    'Told to whoever brings an account back or resets it, which nobody on the stage does.',
  ]);

/** See the header. */
export const untoldFields: Readonly<Record<string, string>> = {
  'keys.bundle/devices/*/kemLastResort':
    'A remark: which key it is decides nothing at the sender, and the recipient knows its own keys.',
  'reset.status/pending/requestedAt': 'The relay’s word, which the user is told: nothing follows by itself.',
  'reset.status/pending/completesAt': 'The relay’s word, as above: it decides alone when that is.',
  ...Object.fromEntries(toldInRecovery),
};
