/** Transport cases: request/response operations. */
import { isSottoError } from '../errors.js';
import {
  makeProblem,
  problemCatalogue,
  toBase64Url,
  wireLimits,
  type KemPreKey,
  type ProblemCode,
  type ProblemDocument,
} from '../wire/index.js';
import { assert, assertEqual, assertRejects, fail } from './assert.js';
import { silence } from './scripted-relay.js';
import { accountOf, type DeclareTransportCase, type TransportCase } from './transport-conformance-kit.js';

/** Longer than any transport may wait for an answer. */
const hourMs = 60 * 60_000;
const nonce = Uint8Array.from({ length: 32 }, (_, index) => index * 8);

/** Declares them. */
export function requestCases(it: DeclareTransportCase): void {
  answerCases(it);
  failureCases(it);
  endingCases(it);
}

function answerCases(it: DeclareTransportCase): void {
  it('says where the relay is, as an origin', async ({ transport }) => {
    const { relayOrigin } = transport;
    assert(/^https?:\/\//.test(relayOrigin), 'over HTTP');
    assertEqual(new URL(relayOrigin).origin, relayOrigin, 'nothing but the origin');
  });

  it('carries a request and its answer, bytes as bytes', async ({ relay, transport }) => {
    relay.answer = async () => ({ ok: true, response: { nonce: toBase64Url(nonce) } });
    const answer = await transport.request('auth.nonce', {});
    assert(answer.nonce instanceof Uint8Array, 'bytes come back as a Uint8Array');
    assertEqual(answer.nonce, nonce, 'the nonce');
    assertEqual(relay.requests, [{ operation: 'auth.nonce', body: {} }], 'what reached the relay');
  });

  it('carries what an operation without a body answers', async ({ relay, transport }) => {
    const info = { relayId: accountOf(1), protocol: 1, authScheme: 'scrypt-hkdf-v1' };
    relay.answer = async () => ({ ok: true, response: info });
    assertEqual(await transport.request('relay.info', {}), info, 'the answer');
    assertEqual(relay.requests[0]?.operation, 'relay.info', 'the operation');
  });

  it('carries the access token beside the request, and none where none is given', async (context) => {
    const { relay, transport } = context;
    relay.answer = async () => ({ ok: true, response: {} });
    await transport.request('auth.logout', {}, { accessToken: 'one.two-three_4' });
    await transport.request('auth.logout', {});
    assertEqual(
      relay.requests.map(({ accessToken }) => accessToken),
      ['one.two-three_4', undefined],
      'tokens at the relay',
    );
  });

  it('carries the largest key upload', async ({ relay, transport }) => {
    const status = { oneTime: 0, kemOneTime: 0, signedId: null, kemLastResortId: null };
    relay.answer = async () => ({ ok: true, response: { results: [], status } });
    const key = (id: number): KemPreKey => ({
      id,
      publicKey: new Uint8Array(1569).fill(id),
      signature: new Uint8Array(64),
    });
    const kemOneTime = Array.from({ length: wireLimits.maxPreKeysPerUpload }, (_, index) => key(index));
    const proof = { nonce, signature: new Uint8Array(64) };
    await transport.request('keys.upload', { keys: { kemOneTime }, proof }, { accessToken: 'token' });
    const body = relay.requests[0]?.body as { keys: { kemOneTime: { publicKey: string }[] } };
    assertEqual(body.keys.kemOneTime.length, kemOneTime.length, 'keys that arrived');
    assertEqual(body.keys.kemOneTime.at(-1)?.publicKey, toBase64Url(key(199).publicKey), 'the last key');
  });

  it('keeps answers apart that come in another order', async ({ relay, transport }) => {
    const answers = new Map<string, () => void>();
    relay.answer = ({ accessToken = '' }) =>
      new Promise((resolve) => {
        const bytes = new Uint8Array(32).fill(Number(accessToken));
        answers.set(accessToken, () => {
          resolve({ ok: true, response: { nonce: toBase64Url(bytes) } });
        });
        if (answers.size === 3) for (const answer of [...answers.values()].reverse()) answer();
      });
    const asked = ['1', '2', '3'].map((accessToken) => transport.request('auth.nonce', {}, { accessToken }));
    const got = (await Promise.all(asked)).map((answer) => answer.nonce[0]);
    assertEqual(got, [1, 2, 3], 'answers by request');
  });
}

function failureCases(it: DeclareTransportCase): void {
  it('throws every problem of the relay under its own code, with its details', async (context) => {
    const { relay, transport } = context;
    for (const code of Object.keys(problemCatalogue) as ProblemCode[]) {
      const problem = makeProblem(code, { retryAfterMs: 1_234, fields: ['a.0.b'], requestId: 'request' });
      relay.answer = async () => ({ ok: false, problem });
      const details = await detailsOf(transport.request('relay.info', {}), code);
      assertEqual(details, expectedDetails(problem), `details of ${code}`);
    }
  });

  it('throws invalid-response for whatever does not fit the schema', async ({ relay, transport }) => {
    const wrong: unknown[] = [
      {},
      null,
      [],
      'text',
      { nonce: 7 },
      { nonce: toBase64Url(nonce.subarray(1)) },
      { nonce: `${toBase64Url(nonce)}=` },
      { nonce: toBase64Url(nonce), extra: true },
    ];
    for (const response of wrong) {
      relay.answer = async () => ({ ok: true, response });
      const what = JSON.stringify(response);
      await assertRejects(() => transport.request('auth.nonce', {}), 'invalid-response', what);
    }
    relay.answer = async () => ({ ok: false, problem: { code: 'not-a-code' } as never });
    await assertRejects(() => transport.request('auth.nonce', {}), 'invalid-response', 'no problem');
  });

  it('does not send what does not fit the schema', async ({ relay, transport }) => {
    const wrong = { username: 'UPPER' as never, code: 'short' };
    const asked = () => transport.request('contacts.resolve', wrong, { accessToken: 'token' });
    await assertRejects(asked, 'invalid-request', 'a request that does not fit');
    assertEqual(relay.requests, [], 'what reached the relay');
  });

  it('throws offline when the relay or the way to it breaks, and does not ask again', async (context) => {
    const { relay, transport, clock } = context;
    relay.answer = () => Promise.reject(new Error('broken'));
    await assertRejects(() => transport.request('auth.nonce', {}), 'offline', 'a broken connection');
    await clock.advance(hourMs);
    assertEqual(relay.requests.length, 1, 'requests that reached the relay');
  });

  it('throws request-timeout when no answer comes, and does not ask again', async (context) => {
    const { relay, transport, clock, until } = context;
    relay.answer = silence;
    const asked = assertRejects(() => transport.request('auth.nonce', {}), 'request-timeout', 'silence');
    await until(() => relay.requests.length === 1, 'the request to reach the relay');
    await clock.advance(hourMs);
    await asked;
    assertEqual(relay.requests.length, 1, 'requests that reached the relay');
  });
}

function endingCases(it: DeclareTransportCase): void {
  it('ends a request with its signal’s reason', async ({ relay, transport, until }) => {
    relay.answer = silence;
    const reason = new Error('no longer wanted');
    await assertThrows(transport.request('auth.nonce', {}, { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const asked = transport.request('auth.nonce', {}, { signal: controller.signal });
    const ended = assertThrows(asked, reason);
    await until(() => relay.requests.length > 0, 'the request to reach the relay');
    controller.abort(reason);
    await ended;
  });

  it('ends all requests as offline when it is closed, and closes again without complaint', async (context) => {
    const { relay, transport, until, clock } = context;
    relay.answer = silence;
    const asked = assertRejects(() => transport.request('auth.nonce', {}), 'offline', 'under way');
    await until(() => relay.requests.length === 1, 'the request to reach the relay');
    await transport.close();
    await asked;
    await transport.close();
    await assertRejects(() => transport.request('auth.nonce', {}), 'offline', 'after close');
    await assertRejects(() => context.open(), 'offline', 'open after close');
    assertEqual(clock.scheduledCount(), 0, 'timers left');
  });
}

async function assertThrows(asked: Promise<unknown>, reason: Error): Promise<void> {
  const outcome = await asked.then(
    () => 'an answer',
    (error: unknown) => error,
  );
  assert(outcome === reason, 'the signal’s own reason');
}

async function detailsOf(
  asked: ReturnType<TransportCase['transport']['request']>,
  code: ProblemCode,
): Promise<unknown> {
  try {
    await asked;
  } catch (error) {
    if (isSottoError(error, code)) return error.details;
    throw new Error(`${code} came back as something else`, { cause: error });
  }
  return fail(`${code} came back as an answer`);
}

/** Each code carries what its row of the error table says, and nothing else. */
function expectedDetails({ code, retryAfterMs, fields, requestId }: ProblemDocument): unknown {
  if (code === 'rate-limited' || code === 'unavailable') return { retryAfterMs };
  if (code === 'invalid-request') return { fields };
  return code === 'internal-error' ? { requestId } : {};
}
