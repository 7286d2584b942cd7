/**
 * Writes the documents that are made from the code, or with `--check` compares them with it:
 * `docs/errors.md`, every error code of the SDK and every problem of the relay; `docs/hostile-relay.md`, every lie
 * of the hostile relay suite; `docs/openapi.json`; and the
 * tables of `docs/relay-protocol.md`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { localErrorCatalogue, type ErrorEntry } from '../sdk/src/errors.js';
import { untoldFields } from '../sdk/src/testing/hostile-relay/untold-fields.js';
import { hostileRelayLies } from '../sdk/src/testing/hostile-relay/suite.js';
import { problemCatalogue, type ProblemEntry } from '../sdk/src/wire/problem-catalogue.js';
import { openApiText, relayProtocolText } from './relay-documents.js';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

function errorsDocument(): string {
  const local: readonly [string, ErrorEntry][] = Object.entries(localErrorCatalogue);
  const problems: readonly [string, ProblemEntry][] = Object.entries(problemCatalogue);
  return `# Error codes

<!-- Made from the code by \`npm run docs:generate\`; do not edit. -->

Every failure of the SDK is a \`SottoError\` with a stable \`code\`. Codes are API; messages are not. No message and no detail carries plaintext, a key or what a user typed.

## On the device

${table(
  ['Code', 'When', 'What to do'],
  local.map(([code, { when, next }]) => [`\`${code}\``, when, next]),
)}

## From the relay

The relay answers with a problem document (RFC 9457) that carries the code; the SDK throws it as a \`SottoError\` with the same code.

${table(
  ['Code', 'HTTP status', 'When', 'What to do'],
  problems.map(([code, { status, when, next }]) => [`\`${code}\``, String(status), when, next]),
)}
`;
}

const asCode = (text: string): string => `\`${text}\``;

function hostileRelayDocument(): string {
  const lies = hostileRelayLies();
  const untold = Object.entries(untoldFields);
  return `# What a hostile relay can say

<!-- Made from the code by \`npm run docs:generate\`; do not edit. -->

The lies of \`runHostileRelaySuite\` in \`@sotto/sdk/testing\`, told to whole messengers one after another. Each must end in a typed refusal or be shown to the user, and the storage of whoever was lied to is compared before and after: beside what a row says, only the journal, marks of envelopes and the count of commits may change.

The first column names the fields of the wire that a lie rewrites, which the suite checks while it is told; \`*\` stands for the items of a list. A dash stands for lies about what is told at all. The suite reads the wire’s schemas: a field that a relay can fill and that neither a lie nor a reason below is about fails it.

\`\`\`ts
import { describe, it } from 'node:test';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { runHostileRelaySuite } from '@sotto/sdk/testing';

runHostileRelaySuite({ describe, it }, { name: 'portable', engine: portableEngine() });
\`\`\`

## ${lies.length} lies

${table(
  ['Rewrites', 'The lie', 'What must come of it'],
  lies.map(({ about, lie, outcome }) => [about.map(asCode).join(' ') || '–', lie, outcome]),
)}

## Fields nobody lies about, and why

${table(
  ['Field', 'Reason'],
  untold.map(([field, reason]) => [asCode(field), reason]),
)}
`;
}

/** Written by hand but for its tables. */
const relayProtocol = new URL('../docs/relay-protocol.md', import.meta.url);

/** Path from the root, and what should stand there. */
const documents: readonly (readonly [string, string])[] = [
  ['docs/errors.md', errorsDocument()],
  ['docs/hostile-relay.md', hostileRelayDocument()],
  ['docs/openapi.json', openApiText()],
  ['docs/relay-protocol.md', relayProtocolText(readFileSync(relayProtocol, 'utf8'))],
];

const check = process.argv.includes('--check');
for (const [path, text] of documents) {
  const file = new URL(`../${path}`, import.meta.url);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (check) {
    console.error(`${path} is not what the code says: npm run docs:generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
