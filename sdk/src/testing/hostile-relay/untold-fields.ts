/** Fields of the wire about which no lie is told, each with the reason. A field that is neither here nor lied about fails the suite. */

/** See the header. */
export const untoldFields: Readonly<Record<string, string>> = {
  'keys.bundle/devices/*/kemLastResort':
    'A remark: which key it is decides nothing at the sender, and the recipient knows its own keys.',
  'reset.status/pending/requestedAt': 'The relay’s word, which the user is told: nothing follows by itself.',
  'reset.status/pending/completesAt': 'The relay’s word, as above: it decides alone when that is.',
};
