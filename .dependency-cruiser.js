/**
 * Import directions: one rule per arrow of the layers in ARCHITECTURE.md. Type-only imports count too.
 *
 *   wire <- ports <- adapters (engines, storage, transport) and features <- messenger <- examples
 *   unit <- account <- prekeys <- sessions <- contacts <- messages <- continuity <- backup <- diagnostics
 *   wire, verification <- server
 */

const shared = '^sdk/src/(bytes|errors|secret|limits|random|host)\\.ts$';
/** A platform's function, not a feature's. */
const scrypt = '^sdk/src/platform-scrypt\\.ts$';
const wire = '^sdk/src/wire/';
const ports = '^sdk/src/ports/';
const verification = '^sdk/src/verification/';
const adapters = '^sdk/src/(engines|storage|transport)/';
const features = '^sdk/src/(unit|account|prekeys|sessions|contacts|messages|continuity|backup|diagnostics)/';
const testing = '^sdk/src/testing/';
const npm = (...names) => `node_modules/(${names.join('|')})/`;

/** Which names of the SDK a feature stands on, lowest first. A feature may import those before it. */
const featureOrder = [
  'unit',
  'account',
  'prekeys',
  'sessions',
  'contacts',
  'messages',
  'continuity',
  'backup',
  'diagnostics',
];

/** The optional peers, each behind the one adapter that is about it. */
const peers = [
  { name: '@signalapp', home: '^sdk/src/engines/libsignal/' },
  { name: 'idb-keyval', home: '^sdk/src/storage/indexeddb/' },
  { name: 'classic-level', home: '^sdk/src/storage/level/' },
  { name: 'socket.io-client', home: '^sdk/src/transport/socket-io/' },
];

const featureRules = featureOrder.slice(0, -1).map((feature, position) => ({
  name: `feature-order-${feature}`,
  comment: `${feature} stands below ${featureOrder.slice(position + 1).join(', ')}.`,
  severity: 'error',
  from: { path: `^sdk/src/${feature}/` },
  to: { path: `^sdk/src/(${featureOrder.slice(position + 1).join('|')})/` },
}));

const peerRules = peers.map(({ name, home }) => ({
  name: `peer-${name.replace(/[^a-z]/g, '')}-in-one-place`,
  comment: 'An optional peer is imported by its adapter only, so that nobody else needs it installed.',
  severity: 'error',
  from: { path: '^sdk/src/', pathNot: home },
  to: { path: npm(name) },
}));

/** Inside the portable engine: what each part may know of the others. Whatever is not listed puts them together. */
const portableLayers = {
  'primitives/': [],
  'records/': [],
  'protobuf/': [],
  'messages/': ['protobuf/', 'primitives/'],
  'pqxdh.ts': ['primitives/', 'failures.ts'],
  'double-ratchet/': ['primitives/', 'records/'],
  'spqr/': ['primitives/', 'records/'],
  'triple-ratchet.ts': ['double-ratchet/', 'spqr/', 'messages/', 'primitives/', 'records/', 'failures.ts'],
  'session-record/': ['triple-ratchet.ts', 'double-ratchet/', 'spqr/', 'primitives/', 'records/'],
  'pre-keys.ts': ['primitives/', 'records/'],
  'sender-keys/': ['messages/', 'primitives/', 'records/'],
  'sealed-sender/': ['messages/', 'protobuf/', 'primitives/', 'failures.ts'],
};

const portable = '^sdk/src/engines/portable/';

const portableRules = Object.entries(portableLayers).map(([layer, below]) => ({
  name: `portable-${layer.replace(/\W.*/, '')}-${below.length > 0 ? 'knows-what-is-below' : 'knows-nothing-beside'}`,
  comment: `Of the portable engine, ${layer} knows ${below.join(', ') || 'nothing but itself'}.`,
  severity: 'error',
  from: { path: `${portable}${layer}` },
  to: { path: portable, pathNot: [layer, ...below].map((known) => `${portable}${known}`) },
}));

export default {
  forbidden: [
    {
      name: 'wire-knows-only-itself',
      comment: 'wire is what both ends agree on: schemas, and nothing of either end.',
      severity: 'error',
      from: { path: wire },
      to: { pathNot: [wire, npm('zod', '@scure/base')] },
    },
    {
      name: 'shared-files-know-wire-and-ports',
      comment: 'Errors, bytes, secrets, limits and the host stand below every layer but wire and ports.',
      severity: 'error',
      from: { path: shared },
      to: { pathNot: [shared, wire, ports, 'node_modules/'] },
    },
    {
      name: 'ports-are-contracts',
      comment: 'A port is types only: what an integrator reads in order to implement it.',
      severity: 'error',
      from: { path: ports },
      to: { pathNot: [ports, wire, '^sdk/src/(secret|bytes)\\.ts$'] },
    },
    {
      name: 'verification-stands-on-wire',
      comment: 'The relay imports verification, so it may pull in nothing of the client.',
      severity: 'error',
      from: { path: verification },
      to: {
        pathNot: [verification, wire, shared, npm('@noble/hashes', '@scure/base', 'zod')],
      },
    },
    {
      name: 'adapters-know-ports',
      comment: 'An adapter knows the ports and the shared files, never a feature.',
      severity: 'error',
      from: { path: adapters },
      to: { path: '^sdk/src/', pathNot: [adapters, ports, wire, verification, shared, scrypt] },
    },
    {
      name: 'adapters-know-no-sibling',
      comment:
        'An adapter is complete without its siblings; only files beside the adapter folders are shared.',
      severity: 'error',
      from: { path: '^sdk/src/(engines|storage|transport)/([^/]+)/' },
      to: { path: '^sdk/src/(engines|storage|transport)/[^/]+/', pathNot: '^sdk/src/$1/$2/' },
    },
    {
      name: 'features-know-no-adapter',
      comment: 'Features call ports; which adapter answers is decided by the application.',
      severity: 'error',
      from: { path: features },
      to: { path: adapters },
    },
    {
      name: 'features-through-the-front-door',
      comment: 'Of another feature only what its index.ts offers; never a file inside.',
      severity: 'error',
      from: { path: '^sdk/src/([^/]+)/' },
      to: { path: features, pathNot: ['^sdk/src/$1/', '^sdk/src/[^/]+/index\\.ts$'] },
    },
    ...featureRules,
    {
      name: 'only-messenger-wires',
      comment: 'messenger.ts alone puts features together; index.ts offers its result.',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: ['^sdk/src/(messenger|index)\\.ts$', testing] },
      to: { path: '^sdk/src/messenger\\.ts$' },
    },
    {
      name: 'messenger-knows-no-adapter',
      comment: 'The library has no default engine, storage or transport.',
      severity: 'error',
      from: { path: '^sdk/src/(messenger|index|events)\\.ts$' },
      to: { path: adapters },
    },
    {
      name: 'remote-knows-the-surface',
      comment:
        'A page whose messenger is elsewhere carries none: remote knows what one can do, and no part of one.',
      severity: 'error',
      from: { path: '^sdk/src/remote/' },
      to: {
        path: '^sdk/src/',
        pathNot: [
          '^sdk/src/(remote|wire|ports)/',
          shared,
          '^sdk/src/(messenger-api|events|journal-event)\\.ts$',
        ],
      },
    },
    {
      name: 'production-never-testing',
      comment: 'Test support is for tests.',
      severity: 'error',
      from: { path: '^(sdk|server)/src/|^examples/[^/]+/src/', pathNot: testing },
      to: { path: [testing, '/test/', npm('vitest', 'fast-check', 'msw', 'playwright-core')] },
    },
    {
      name: 'server-knows-wire-and-verification',
      comment: 'The relay shares what is on the wire and its checks with the SDK, nothing else.',
      severity: 'error',
      from: { path: '^server/src/' },
      to: { path: '^sdk/', pathNot: '^sdk/(src|dist)/(wire|verification)/index\\.' },
    },
    {
      name: 'server-never-libsignal',
      comment:
        'The relay is Apache-2.0 all through and cannot decrypt: it has no engine. Its tests have clients.',
      severity: 'error',
      from: { path: '^server/src/' },
      to: { path: npm('@signalapp') },
    },
    ...portableRules,
    ...peerRules,
    {
      name: 'no-node-built-ins',
      comment: 'The SDK runs in browsers and workers; Node is for the adapters that are about Node.',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: ['^sdk/src/(storage/level|engines/libsignal)/', testing] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'Everything imported resolves and stands in the package.json of its workspace.',
      severity: 'error',
      from: { path: '^(sdk|server|examples|bench|scripts|test|test-vectors)/' },
      // A workspace is a link, whose kind the tool cannot tell; knip checks that it is declared.
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        pathNot: '^(sdk|server)/src/',
      },
    },
    {
      name: 'no-dev-packages-in-production',
      comment: 'What is shipped cannot import what is not installed with it.',
      severity: 'error',
      from: { path: '^(sdk|server)/src/|^examples/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only'],
      },
    },
    {
      name: 'no-cycles',
      comment: 'Dependencies point one way.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    exclude: { path: ['^(sdk|server|examples/[^/]+)/dist/', '^temp/', '^docs/api/'] },
    doNotFollow: { path: 'node_modules/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sotto/source', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
