/**
 * The relay protocol of `docs/relay-protocol.md` as black-box tests: everything through HTTP and the
 * socket, against any relay.
 */
import { randomInt } from 'node:crypto';
import type { Exchange } from './api.js';
import { accountCases } from './cases/accounts.js';
import { authenticationCases } from './cases/authentication.js';
import { connectionCases } from './cases/connections.js';
import { contactCases } from './cases/contacts.js';
import { continuityCases } from './cases/continuity.js';
import { deliveryCases } from './cases/delivery.js';
import { hostileHttpCases } from './cases/hostile-http.js';
import { hostileSocketCases } from './cases/hostile-socket.js';
import { keyCases } from './cases/keys.js';
import { recoveryCases } from './cases/recovery.js';
import { resetCases } from './cases/resets.js';
import { surfaceCases } from './cases/surface.js';
import type { SuiteRunner } from './case-context.js';
import { World } from './world.js';

const sections = {
  surface: surfaceCases,
  accounts: accountCases,
  recovery: recoveryCases,
  resets: resetCases,
  authentication: authenticationCases,
  keys: keyCases,
  contacts: contactCases,
  delivery: deliveryCases,
  connections: connectionCases,
  continuity: continuityCases,
  'hostile input over HTTP': hostileHttpCases,
  'hostile input over the socket': hostileSocketCases,
};

/** A part of the suite. */
export type ProtocolSection = keyof typeof sections;

/** Every part of the suite, in order. */
export const protocolSections = Object.keys(sections) as readonly ProtocolSection[];

/** Options of {@link runProtocolSuite}. */
export interface ProtocolSuiteOptions extends SuiteRunner {
  /** Where the relay is, such as `http://127.0.0.1:8787`; asked for inside cases only. */
  readonly url: () => string;
  /** Of the fuzzing; a new one by default. It is part of the case names, so a failure tells it. */
  readonly seed?: number;
  /** The parts to run, in order. Default: all. */
  readonly only?: readonly ProtocolSection[];
  /** Sees every answer over HTTP. */
  readonly observe?: (exchange: Exchange) => void;
}

/**
 * Defines the cases. They register a few dozen accounts under random names and leave them behind,
 * and ask more in a minute than a relay allows by default: run it with `SOTTO_LIMIT_FACTOR=10000`.
 */
export function runProtocolSuite(options: ProtocolSuiteOptions): void {
  const {
    describe,
    it,
    url,
    seed = randomInt(2 ** 31),
    only = protocolSections,
    observe = () => {},
  } = options;
  const world = new World(url, observe);
  const context = { world, seed, it };
  describe('relay protocol', () => {
    for (const name of only) describe(name, () => sections[name](context));
    it('leaves no connection open', async () => world.close());
  });
}
