/**
 * The messenger's own tests once more, every messenger behind a port: what holds for one here holds for one there.
 * Three files of them; `SLOW=1` runs more.
 */
import { putMessengersBehindPorts } from '../support/party.js';

putMessengersBehindPorts();
await import('../messenger/first-message.test.js');
await import('../messenger/handler.test.js');
await import('../messenger/trust-policy.test.js');
if (process.env['SLOW']) {
  await import('../messenger/trust.test.js');
  await import('../messenger/trust-links.test.js');
  await import('../messenger/quarantine.test.js');
  await import('../messenger/tokens.test.js');
  await import('../messenger/crash.test.js');
  await import('../messenger/diagnostics.test.js');
}
