/**
 * Writes the documents that are made from the code, or with `--check` compares them with it:
 * `docs/errors.md`, every error code of the SDK and every problem of the relay; `docs/openapi.json`; and the
 * tables of `docs/relay-protocol.md`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { localErrorCatalogue, type ErrorEntry } from '../sdk/src/errors.js';
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

/** Written by hand but for its tables. */
const relayProtocol = new URL('../docs/relay-protocol.md', import.meta.url);

/** Path from the root, and what should stand there. */
const documents: readonly (readonly [string, string])[] = [
  ['docs/errors.md', errorsDocument()],
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
