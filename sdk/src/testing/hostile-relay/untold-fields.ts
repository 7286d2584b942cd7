/** Fields of the wire about which no lie is told, each with the reason. A field that is neither here nor lied about fails the suite. */

/** See the header. */
export const untoldFields: Readonly<Record<string, string>> = {
  'keys.bundle/devices/*/kemLastResort':
    'A remark: which key it is decides nothing at the sender, and the recipient knows its own keys.',
};
