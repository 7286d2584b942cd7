/** A relay whose event loop lags: what it turns away, over HTTP and at the socket, and how it counts that. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refusedHandshake } from '../../protocol-suite/live.js';
import { relayLimits } from '../../src/relay-limits.js';
import { startTestRelay, type TestRelay } from '../support/test-relay.js';
import { waitFor } from '../support/wait-for.js';

let test: TestRelay;
beforeAll(async () => {
  test = await startTestRelay({ metricsPort: 0 });
});
afterAll(() => test.close());

/** Holds the loop up, turn after turn, until it is told to stop. The relay runs in this process. */
function holdUp(): () => void {
  let held = true;
  const hold = () => {
    const until = performance.now() + relayLimits.shedAboveLagMs * 2;
    while (performance.now() < until);
    if (held) setImmediate(hold);
  };
  hold();
  return () => void (held = false);
}

const shed = async () => {
  const text = await (await fetch(`http://127.0.0.1:${test.relay.metricsPort}/metrics`)).text();
  return Number(/^sotto_shed_total\{reason="event-loop"\} (\d+)$/m.exec(text)?.[1] ?? 0);
};

it('turns requests and connections away while its loop lags, stays alive, counts them, and takes them again', async () => {
  const { client, relay } = test;
  const askedOnce = () => client.call('auth.nonce', {});
  expect((await askedOnce()).problem).toBeUndefined();
  const letGo = holdUp();
  try {
    await waitFor(
      'a request to be turned away',
      async () => (await askedOnce()).problem !== undefined,
      60_000,
    );
    expect((await askedOnce()).problem).toMatchObject({ code: 'unavailable', retryAfterMs: 2_000 });
    expect(await refusedHandshake(relay.url, { protocol: 1, accessToken: 'x' })).toMatchObject({
      code: 'unavailable',
      retryAfterMs: 2_000,
    });
    expect((await client.raw('/healthz')).status).toBe(200);
  } finally {
    letGo();
  }
  await waitFor('requests to be taken', async () => (await askedOnce()).problem === undefined, 60_000);
  expect(await shed()).toBeGreaterThanOrEqual(3);
}, 120_000);
