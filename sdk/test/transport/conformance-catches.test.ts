/** The transport suite against transports that are wrong in one way each: the case meant for it must fail. */
import { describe, expect, it } from 'vitest';
import { SottoError, isSottoError } from '../../src/errors.js';
import type { Transport, TransportConnection, TransportHandlers } from '../../src/ports/transport.js';
import { runTransportConformance } from '../../src/testing/transport-conformance.js';
import type { CreateTransport } from '../../src/testing/transport-conformance-kit.js';
import { memoryTransport, type RelayLink } from '../../src/transport/memory/index.js';

interface Case {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** The suite's cases, instead of running them. */
function casesOf(create: CreateTransport): readonly Case[] {
  const cases: Case[] = [];
  runTransportConformance(
    {
      describe: (_name, body) => {
        body();
      },
      it: (name, body) => cases.push({ name, body }),
    },
    { name: 'broken', create, patienceMs: 500 },
  );
  return cases;
}

/** What may be wrong: the transport itself, what its handlers hear, its connection, or the link below it. */
interface Breakage {
  readonly transport?: (good: Transport) => Partial<Transport>;
  readonly handlers?: (good: TransportHandlers) => Partial<TransportHandlers>;
  readonly connection?: (good: TransportConnection) => Partial<TransportConnection>;
  readonly link?: (good: RelayLink) => Partial<RelayLink>;
}

function handlersWith(good: TransportHandlers, breakage: Breakage): TransportHandlers {
  return {
    accessToken: (refused) => good.accessToken(refused),
    state: (state) => {
      good.state(state);
    },
    envelopes: (envelopes) => {
      good.envelopes(envelopes);
    },
    caughtUp: () => {
      good.caughtUp();
    },
    keysLow: () => {
      good.keysLow();
    },
    ...breakage.handlers?.(good),
  };
}

function wrapped(breakage: Breakage): CreateTransport {
  return (relay, host) => {
    const link: RelayLink = {
      request: (operation, body, options) => relay.request(operation, body, options),
      connect: (handshake, events) => relay.connect(handshake, events),
      ...breakage.link?.(relay),
    };
    const good = memoryTransport(link, host);
    const plain: Transport = {
      relayOrigin: good.relayOrigin,
      request: (operation, input, options) => good.request(operation, input, options),
      open: async (handlers) => {
        const connection = await good.open(handlersWith(handlers, breakage));
        return {
          resume: (request) => connection.resume(request),
          send: (request) => connection.send(request),
          acknowledge: (request) => connection.acknowledge(request),
          close: () => connection.close(),
          ...breakage.connection?.(connection),
        };
      },
      close: () => good.close(),
    };
    return { transport: { ...plain, ...breakage.transport?.(plain) } };
  };
}

const asOffline = async <Result>(asked: Promise<Result>): Promise<Result> =>
  asked.catch((error: unknown) => {
    throw isSottoError(error) ? new SottoError('offline') : error;
  });

const breakages: readonly (readonly [what: string, caughtBy: string, breakage: Breakage])[] = [
  [
    'calls every problem offline',
    'throws every problem of the relay',
    { transport: (good) => ({ request: (...call) => asOffline(good.request(...call)) }) },
  ],
  [
    'says a whole address where the origin belongs',
    'says where the relay is',
    { transport: (good) => ({ relayOrigin: `${good.relayOrigin}/v1` }) },
  ],
  [
    'asks again by itself',
    'throws offline when the relay',
    {
      transport: (good) => ({
        request: (...call) => good.request(...call).catch(() => good.request(...call)),
      }),
    },
  ],
  [
    'drops the access token',
    'carries the access token',
    { transport: (good) => ({ request: (operation, input) => good.request(operation, input) }) },
  ],
  [
    'shares one token with every request',
    'carries the access token',
    {
      link: (good) => ({ request: (operation, body) => good.request(operation, body, { accessToken: 'x' }) }),
    },
  ],
  [
    'ignores the signal',
    'ends a request with its signal',
    {
      transport: (good) => ({
        request: (operation, input, { signal: _, ...options } = {}) =>
          good.request(operation, input, options),
      }),
    },
  ],
  [
    'goes on after close',
    'ends all requests as offline',
    { transport: () => ({ close: async () => undefined }) },
  ],
  [
    'hands envelopes over backwards',
    'hands over envelopes, caught-up and keys-low',
    {
      handlers: (good) => ({
        envelopes: (envelopes) => {
          good.envelopes([...envelopes].reverse());
        },
      }),
    },
  ],
  [
    'takes an envelope that came before for a mistake',
    'hands over envelopes, caught-up and keys-low',
    {
      handlers: (good) => {
        const seen = new Set<string>();
        return {
          envelopes: (envelopes) => {
            const fresh = envelopes.filter(({ id }) => !seen.has(id));
            for (const { id } of fresh) seen.add(id);
            good.envelopes(fresh);
          },
        };
      },
    },
  ],
  [
    'swallows caught-up',
    'hands over envelopes, caught-up and keys-low',
    { handlers: () => ({ caughtUp: () => undefined }) },
  ],
  [
    'repeats sends',
    'throws request-timeout when no reply comes',
    {
      connection: (good) => ({
        send: (request) => good.send(request).catch(() => good.send(request)),
      }),
    },
  ],
  [
    'sends out of order',
    'sends in the order of the calls',
    {
      connection: (good) => {
        const waiting: (() => void)[] = [];
        return {
          send: async (request) => {
            await new Promise<void>((resolve) => {
              waiting.unshift(resolve);
              if (waiting.length === 3) for (const go of waiting) go();
            });
            return good.send(request);
          },
        };
      },
    },
  ],
  [
    'forgets to acknowledge',
    'carries acknowledgements',
    { connection: () => ({ acknowledge: async () => undefined }) },
  ],
  [
    'never says that it was refused',
    'asks for another token at once',
    { handlers: (good) => ({ accessToken: () => good.accessToken(false) }) },
  ],
  [
    'hides when it will try again',
    'comes back by itself',
    {
      handlers: (good) => ({
        state: (state) => {
          good.state(state.kind === 'offline' ? { kind: 'offline', retryInMs: 0 } : state);
        },
      }),
    },
  ],
  [
    'comes back after it was replaced',
    'stays away after replaced',
    {
      link: (good) => ({
        connect: (handshake, events) =>
          good.connect(handshake, {
            event: (name, payload) => {
              events.event(name, name === 'goodbye' ? { reason: 'draining' } : payload);
            },
            refused: (problem) => {
              events.refused(problem);
            },
            ended: () => {
              events.ended();
            },
          }),
      }),
    },
  ],
  [
    'leaves its connection open when it is closed',
    'closes the stream for good',
    {
      link: (good) => ({
        connect: (handshake, events) => {
          const session = good.connect(handshake, events);
          return {
            request: (operation, payload) => session.request(operation, payload),
            close: () => undefined,
          };
        },
      }),
    },
  ],
  [
    'does not say that another stream took its place',
    'has one stream at a time',
    {
      handlers: (good) => ({
        state: (state) => {
          if (state.kind !== 'closed') good.state(state);
        },
      }),
    },
  ],
];

describe('the transport suite catches a transport that', () => {
  it.each(breakages)('%s', async (_what, caughtBy, breakage) => {
    const found = casesOf(wrapped(breakage)).filter(({ name }) => name.startsWith(caughtBy));
    expect(found).toHaveLength(1);
    await expect(found[0]!.body()).rejects.toThrow();
  });

  it('waits always the same time', async () => {
    const create: CreateTransport = (relay, host) => {
      const random = { bytes: (length: number) => new Uint8Array(length) };
      return { transport: memoryTransport(relay, { ...host, random }) };
    };
    const found = casesOf(create).find(({ name }) => name.startsWith('waits longer from failure'));
    await expect(found!.body()).rejects.toThrow('waits');
  });
});

it('passes a transport that is right, wrapped in the same way', async () => {
  const cases = casesOf(wrapped({}));
  for (const { body } of cases) await body();
  expect(cases.length).toBeGreaterThan(30);
});
