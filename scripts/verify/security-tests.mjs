/**
 * SECURITY.md says who can do what, and every line of that table names the tests that show it, as
 * `file › name of the test`. Here each named test must exist, and a line without one must say why.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/run.mjs';

const document = 'SECURITY.md';
const heading = '| adversary |';
const reference = /`([^`›]+?) › ([^`]+)`/g;
/** How a line begins that has no test. */
const excuse = /^none: .{20}/;

/** The cells of the table's lines, with their line numbers. */
function tableLines(text) {
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  const start = lines.findIndex(({ line }) => line.startsWith(heading));
  if (start < 0) return [];
  const end = lines.findIndex(({ line }, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map(({ line, number }) => ({ number, cells: line.split(' | ') }));
}

/** Whether a file has a string that says exactly this, be it the name of a test or of a row it is made from. */
function hasString(file, name) {
  const text = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
  return [`'${name}'`, `"${name}"`, `\`${name}\``].some((quoted) => text.includes(quoted));
}

function problemsOf({ number, cells }) {
  const shownBy = (cells.at(-1) ?? '').replace(/\s*\|$/, '').trim();
  const where = `${document}:${number}`;
  const named = [...shownBy.matchAll(reference)].map(([, file, name]) => ({ file, name }));
  if (named.length === 0 && !excuse.test(shownBy)) return [`${where} names no test and says no reason`];
  return named.flatMap(({ file, name }) => {
    if (!existsSync(join(root, file))) return [`${where} names a test in ${file}, which is not there`];
    return hasString(file, name) ? [] : [`${where} names a test that ${file} does not have: ${name}`];
  });
}

/** See the file's header. */
export async function checkSecurityTests() {
  const lines = tableLines(readFileSync(join(root, document), 'utf8'));
  return lines.length === 0 ? [`${document} has no table of adversaries`] : lines.flatMap(problemsOf);
}
