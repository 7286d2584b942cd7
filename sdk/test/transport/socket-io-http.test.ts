/** The HTTP side of the socket-io transport against a scripted network. */
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SottoError } from '../../src/errors.js';
import { manualClock } from '../../src/testing/index.js';
import { socketIoTransport } from '../../src/transport/socket-io/index.js';
import { httpOperations, makeProblem, username } from '../../src/wire/index.js';

const origin = 'https://relay.example';
const at = (path: string) => `${origin}${path}`;
const info = {
  relayId: '00000000-0000-4000-8000-000000000000',
  protocol: 1,
  authScheme: 'scrypt-hkdf-v1',
} as const;

const network = setupServer();
beforeAll(() => {
  network.listen({ onUnhandledRequest: 'error' });
});
afterEach(() => {
  network.resetHandlers();
  vi.doUnmock('socket.io-client');
  vi.resetModules();
});
afterAll(() => {
  network.close();
});

async function errorOf(asked: Promise<unknown>): Promise<SottoError> {
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SottoError);
  return error as SottoError;
}

const askInfo = () => socketIoTransport({ url: origin }).request('relay.info', {});

describe('a request over HTTP', () => {
  it('goes by the method, path and headers of its operation, the token in its header alone', async () => {
    const seen: Request[] = [];
    const record = async ({ request }: { request: Request }) => {
      seen.push(request.clone());
      return HttpResponse.json(request.method === 'GET' ? info : {});
    };
    network.use(http.all(`${origin}/*`, record));
    const transport = socketIoTransport({ url: `${origin}/` });
    await transport.request('relay.info', {});
    await transport.request('auth.logout', {}, { accessToken: 'secret-token' });
    const [get, post] = seen;
    expect([get!.method, get!.url]).toEqual(['GET', at(httpOperations['relay.info'].path)]);
    expect(get!.headers.get('authorization')).toBeNull();
    expect(await get!.text()).toBe('');
    expect([post!.method, post!.url]).toEqual(['POST', at(httpOperations['auth.logout'].path)]);
    expect(post!.headers.get('authorization')).toBe('Bearer secret-token');
    expect(post!.headers.get('content-type')).toBe('application/json');
    expect(await post!.text()).toBe('{}');
  });

  it('asks without cookies and caches, and not at any other address', async () => {
    const inits: RequestInit[] = [];
    const fetch = async (_url: string, init: RequestInit) => {
      inits.push(init);
      return Response.json(info);
    };
    await socketIoTransport({ url: origin, fetch }).request('relay.info', {});
    expect(inits[0]).toMatchObject({
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    });
  });

  it('ends as offline when the network fails or the relay sends it elsewhere', async () => {
    network.use(http.get(at('/v1/relay'), () => HttpResponse.error()));
    expect((await errorOf(askInfo())).code).toBe('offline');
    network.use(http.get(at('/v1/relay'), () => HttpResponse.redirect('https://elsewhere.example/', 307)));
    expect((await errorOf(askInfo())).code).toBe('offline');
  });

  it('ends as offline when the answer breaks off', async () => {
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode('{"relayId":'));
        controller.error(new Error('reset'));
      },
    });
    network.use(http.get(at('/v1/relay'), () => new HttpResponse(body)));
    expect((await errorOf(askInfo())).code).toBe('offline');
  });

  it('throws the relay’s problem under its own code', async () => {
    const problem = makeProblem('rate-limited', { retryAfterMs: 5 });
    network.use(http.get(at('/v1/relay'), () => HttpResponse.json(problem, { status: 429 })));
    const error = await errorOf(askInfo());
    expect([error.code, error.details]).toEqual(['rate-limited', { retryAfterMs: 5 }]);
  });

  it.each([
    ['an error page of a proxy', new Response('<h1>Bad gateway</h1>', { status: 502 })],
    ['an empty error', new Response(null, { status: 503 })],
    ['another server’s problem', Response.json({ type: 'about:blank', status: 404 }, { status: 404 })],
    ['a problem under another status', Response.json(makeProblem('unauthorized'), { status: 500 })],
    ['a problem that calls itself a success', Response.json(makeProblem('unauthorized'))],
    ['no JSON', new Response('hello')],
    ['JSON in another encoding', new Response(Uint8Array.of(0x22, 0xff, 0x22))],
    ['nothing', new Response(null, { status: 204 })],
    ['a member too many', Response.json({ ...info, extra: 1 })],
  ])('throws invalid-response for %s', async (_what, response) => {
    network.use(http.get(at('/v1/relay'), () => response.clone() as HttpResponse<never>));
    const error = await errorOf(askInfo());
    expect(error.code).toBe('invalid-response');
    expect(error.cause).toBeUndefined();
  });

  it('reads no more of an answer than any answer may have', async () => {
    let given = 0;
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => {
        given += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const fetch = async () => new Response(body);
    const asked = socketIoTransport({ url: origin, fetch }).request('relay.info', {});
    expect((await errorOf(asked)).code).toBe('invalid-response');
    expect(cancelled).toBe(true);
    expect(given).toBeLessThan(1024 * 1024);
  });

  it('ends as request-timeout by the clock, also in the middle of an answer, and stops the request', async () => {
    const clock = manualClock();
    let stopped: AbortSignal | undefined;
    const body = new ReadableStream({ start: () => undefined });
    const fetch = async (_url: string, init: RequestInit) => {
      stopped = init.signal as AbortSignal;
      return new Response(body);
    };
    const asked = errorOf(socketIoTransport({ url: origin, fetch, clock }).request('relay.info', {}));
    await clock.advance(20_000);
    expect((await asked).code).toBe('request-timeout');
    expect(stopped?.aborted).toBe(true);
  });

  it('shows neither token nor answer in an error', async () => {
    network.use(http.post(at('/v1/contacts/resolve'), () => new HttpResponse('answer-secret')));
    const transport = socketIoTransport({ url: origin });
    const input = { username: username.parse('alice'), code: 'ABCDEFGH' };
    const error = await errorOf(
      transport.request('contacts.resolve', input, { accessToken: 'token-secret' }),
    );
    const shown = JSON.stringify([error.message, error.stack, error.details, String(error.cause)]);
    expect(shown).not.toMatch(/token-secret|answer-secret|ABCDEFGH/);
  });
});

describe('the address of a relay', () => {
  it.each([
    '',
    'relay.example',
    'ftp://relay.example',
    'https://relay.example/path',
    'https://a:b@relay.example',
    'https://relay.example?token=1',
    'https://relay.example/#a',
  ])('is an origin: %j is not', (url) => {
    expect(() => socketIoTransport({ url })).toThrow(TypeError);
  });
});

describe('the optional peer', () => {
  it('is named when it is missing', async () => {
    vi.doMock('socket.io-client', () => {
      throw new Error('Cannot find package');
    });
    vi.resetModules();
    const { socketIoTransport: fresh } = await import('../../src/transport/socket-io/index.js');
    const handlers = { accessToken: async () => 'token' } as never;
    await expect(fresh({ url: origin }).open(handlers)).rejects.toThrow('npm install socket.io-client');
  });
});
