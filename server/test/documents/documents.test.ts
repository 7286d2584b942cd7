/** The committed documents are what the code says. */
import { readFile } from 'node:fs/promises';
import { ledgerEvents, socketGoodbye, wireLimits } from '@sotto/sdk/wire';
import { describe, expect, it } from 'vitest';
import { openApiText, relayProtocolText } from '../../../scripts/relay-documents.js';
import { gatewayLimits } from '../../src/gateway/limits.js';
import { mailboxLimits } from '../../src/mailbox/limits.js';
import { relayLimits } from '../../src/relay-limits.js';

const read = (path: string) => readFile(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');
const dayMs = 86_400_000;

/** What the hand-written part of the protocol says in figures and names, from where they come. */
const facts: readonly string[] = [
  ...socketGoodbye.shape.reason.options.map((reason) => `| \`${reason}\` |`),
  ...Object.keys(ledgerEvents)
    .filter((event) => event !== 'connect')
    .map((event) => `| \`${event}\` |`),
  `1 to ${wireLimits.maxEnvelopesPerPage} envelopes`,
  `At most ${wireLimits.maxEnvelopesInFlight} envelopes (and about ${gatewayLimits.maxBytesInFlight / 2 ** 20} MiB)`,
  `up to ${wireLimits.maxAcknowledgementsPerRequest} ids`,
  `may send up to ${gatewayLimits.maxAttachmentsPerFrame} in one frame`,
  `larger than 3 MiB + ${(gatewayLimits.maxFrameBytes - 3 * 2 ** 20) / 1024} KiB`,
  `more than ${gatewayLimits.maxInvalidFrames}`,
  `more than ${gatewayLimits.maxRefusalsPerMinute.toLocaleString('en')} within a minute`,
  `holds ${mailboxLimits.maxEnvelopesPerMailbox.toLocaleString('en')} envelopes`,
  `deleted after ${mailboxLimits.envelopeTtlMs / dayMs} days`,
  `lasts ${relayLimits.deliveryTtlMs / dayMs} days`,
];

describe('documents of the relay protocol', () => {
  it('docs/openapi.json is the generated one', async () => {
    expect(await read('openapi.json')).toBe(openApiText());
  });

  it('docs/relay-protocol.md has the generated tables', async () => {
    const text = await read('relay-protocol.md');
    expect(relayProtocolText(text)).toBe(text);
  });

  it('docs/relay-protocol.md says the names and figures that the code has', async () => {
    const text = await read('relay-protocol.md');
    for (const fact of facts) expect(text).toContain(fact);
    expect(relayLimits.nonceTtlMs, 'five minutes').toBe(5 * 60_000);
    expect(relayLimits.introductionTtlMs, 'ten minutes').toBe(10 * 60_000);
  });
});
