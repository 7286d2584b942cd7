/** The documents of the relay protocol that are made from the code: `docs/openapi.json`, and the tables inside `docs/relay-protocol.md`. */
import { createOpenApiDocument } from '../server/src/http/openapi.js';
import { limitTable } from '../server/src/limits/limit-table.js';
import {
  httpOperations,
  socketOperations,
  problemsOf,
  type HttpOperation,
  type SocketOperation,
} from '../sdk/src/wire/operations.js';
import {
  ledgerEvents,
  ledgerLogEvents,
  ledgerOperations,
  ledgerRedisKeys,
  ledgerUpkeep,
  type LedgerEntry,
  type LedgerLogEvent,
} from '../sdk/src/wire/ledger.js';
import { ledgerColumns, type LedgerColumn } from '../sdk/src/wire/ledger-columns.js';
import { problemCatalogue, type ProblemEntry } from '../sdk/src/wire/problem-catalogue.js';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;
const codes = (texts: readonly string[]): string => (texts.length === 0 ? '–' : texts.map(code).join(', '));

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

const kibibytes = (bytes: number): string => `${bytes / 1024} KiB`;

function operationTables(): string {
  const overHttp = Object.entries<HttpOperation>(httpOperations).map(([name, operation]) => [
    code(name),
    `${operation.method} ${code(operation.path)}`,
    operation.authentication,
    operation.limit,
    operation.method === 'GET' ? '–' : kibibytes(operation.maxRequestBytes),
    codes(problemsOf(operation)),
  ]);
  const overSocket = Object.entries<SocketOperation>(socketOperations).map(([name, operation]) => [
    code(name),
    operation.limit,
    codes(problemsOf(operation)),
  ]);
  const httpHeadings = ['operation', 'request', 'authentication', 'limit class', 'body at most', 'problems'];
  return `Over HTTP:

${table(httpHeadings, overHttp)}

Over the socket:

${table(['event', 'limit class', 'problems'], overSocket)}`;
}

function problemTable(): string {
  const rows = Object.entries<ProblemEntry>(problemCatalogue).map(([name, { status, when, next }]) => [
    code(name),
    String(status),
    when,
    next,
  ]);
  return table(['code', 'status', 'when', 'what to do'], rows);
}

function refillText(refill: number, refillMs: number): string {
  const seconds = refillMs / 1000;
  const period =
    seconds === 1
      ? 'second'
      : seconds === 60
        ? 'minute'
        : seconds < 60
          ? `${seconds} s`
          : `${seconds / 60} minutes`;
  return `${refill} per ${period}`;
}

function limitsTable(): string {
  const rows = limitTable.map(({ limit, per, burst, refill, refillMs, onFailure, reason }) => [
    limit,
    per,
    String(burst),
    refillText(refill, refillMs),
    onFailure,
    reason,
  ]);
  return table(['limit class', 'per', 'at once', 'refilled', 'if it cannot be counted', 'why'], rows);
}

/** Columns grouped by table: `table.*` where all of them are named. */
function storedText(stores: readonly string[]): string {
  const tableOf = (column: string) => column.split('.')[0] as string;
  const all = Object.keys(ledgerColumns);
  const tables = [...new Set(stores.map(tableOf))].map((name) => {
    const named = stores.filter((column) => tableOf(column) === name);
    const whole = all.filter((column) => tableOf(column) === name).length === named.length;
    return whole ? [`${name}.*`] : named;
  });
  return codes(tables.flat());
}

function entryTable(heading: string, entries: Readonly<Record<string, LedgerEntry>>): string {
  const rows = Object.entries(entries).map(([name, { stores, logs, reveals }]) => [
    code(name),
    storedText(stores),
    codes(logs),
    reveals,
  ]);
  return table([heading, 'adds, changes or removes', 'log events', 'learns in passing'], rows);
}

function ledgerTables(): string {
  const columns = Object.entries<LedgerColumn>(ledgerColumns).map(([name, { holds, until }]) => [
    code(name),
    holds,
    until,
  ]);
  const events = Object.entries<LedgerLogEvent>(ledgerLogEvents).map(([name, { when, fields }]) => [
    code(name),
    when,
    codes(fields),
  ]);
  const keys = Object.entries<LedgerColumn>(ledgerRedisKeys).map(([name, { holds, until }]) => [
    code(name),
    holds,
    until,
  ]);
  return `### What is kept

${table(['column', 'holds', 'until'], columns)}

### What passes through Redis

Only where there is one. Nothing but the mailbox, which is there for whoever keeps it in Redis, is needed to
deliver what was accepted.

${table(['key or channel', 'holds', 'until'], keys)}

### What each operation leaves behind

${entryTable('operation', ledgerOperations)}

${entryTable('on the socket', ledgerEvents)}

${entryTable('of its own', ledgerUpkeep)}

### What is logged

Every line has \`level\`, \`time\` and \`event\` besides. No field names an account, a device, a user or a network address.

${table(['event', 'when', 'fields'], events)}`;
}

function fill(document: string, section: string, text: string): string {
  const [begin, end] = [`<!-- ${section}:begin -->`, `<!-- ${section}:end -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/relay-protocol.md has no place for ${section}`);
  const note = '<!-- Made from the code by `npm run docs:generate`; do not edit. -->';
  return `${document.slice(0, from)}${begin}\n${note}\n\n${text}\n\n${document.slice(to)}`;
}

/** `docs/relay-protocol.md` with its tables as the code has them. @param current - the document as it is */
export function relayProtocolText(current: string): string {
  const sections = {
    operations: operationTables(),
    problems: problemTable(),
    limits: limitsTable(),
    ledger: ledgerTables(),
  };
  return Object.entries(sections).reduce((document, [name, text]) => fill(document, name, text), current);
}

/** `docs/openapi.json`. */
export function openApiText(): string {
  return `${JSON.stringify(createOpenApiDocument(), null, 2)}\n`;
}
