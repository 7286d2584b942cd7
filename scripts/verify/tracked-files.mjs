/** What must not stand in a file of this repository: download addresses, registry hosts, machine paths. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, run } from '../lib/run.mjs';

/** Larger files are data; nobody types a path into them. */
const maxFileBytes = 2_000_000;

/** Files of the working tree that are, or would be, in git. */
async function projectFiles() {
  const { output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  return [...new Set(output.split('\0'))].filter((file) => file !== '');
}

async function registryHosts() {
  const { output } = await run('npm', ['config', 'get', 'registry'], {
    env: { ...process.env, npm_config_loglevel: 'silent' },
  });
  const configured = /https?:\/\/([^/\s]+)/.exec(output)?.[1];
  // In pieces, so that this file does not contain what it looks for.
  const usual = ['npmjs.org', 'yarnpkg.com', 'npmmirror.com'].map((name) => ['registry', name].join('.'));
  return [...new Set([...usual, ...(configured ? [configured] : [])])];
}

/** Folders that exist on one machine only: where this working copy lies, and homes. */
function machinePaths() {
  const homes = [...['home', 'Users', 'root'].map((name) => `/${name}/`), `${homedir()}/`].filter(
    (path) => path !== '//',
  );
  const folders = [dirname(root.replace(/\/$/, '')), root.replace(/\/$/, '')].filter(
    (path) => path.split('/').length > 2,
  );
  return [...new Set([...homes, ...folders.map((path) => `${path}/`)])];
}

function readText(file) {
  const bytes = readFileSync(join(root, file));
  return bytes.length > maxFileBytes || bytes.includes(0) ? '' : bytes.toString('utf8');
}

function findIn(file, needles) {
  const lines = readText(file).split('\n');
  return needles.flatMap((needle) => {
    // At a boundary only, so that a path of the project that contains the word is not meant.
    const pattern = new RegExp(`(?<![\\w.~-])${needle.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
    const line = lines.findIndex((text) => pattern.test(text));
    return line < 0 ? [] : [`${file}:${line + 1}: contains ${needle}`];
  });
}

/** @returns {Promise<string[]>} One line per finding. */
export async function checkTrackedFiles() {
  const needles = [...(await registryHosts()), ...machinePaths()];
  const files = (await projectFiles()).filter((file) => {
    try {
      return readText(file) !== '';
    } catch {
      return false; // deleted in the working tree
    }
  });
  return files.flatMap((file) => findIn(file, needles));
}

/** The lock file names versions and hashes; where to download from is the machine's business. */
export function checkLockFile() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const entries = Object.entries(packages);
  const addressed = entries.filter(([, entry]) => /^[a-z+]+:\/\//.test(entry.resolved ?? ''));
  const unhashed = entries.filter(
    ([path, entry]) => path.includes('node_modules/') && !entry.link && !entry.integrity,
  );
  return [
    ...addressed.map(([path]) => `${path} has a download address`),
    ...unhashed.map(([path]) => `${path} has no integrity hash`),
  ];
}

/** Each package carries the licence, as npm packs only what lies in its folder. */
export function checkLicenceCopies() {
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8');
  return ['sdk', 'server']
    .filter((folder) => readFileSync(join(root, folder, 'LICENSE'), 'utf8') !== licence)
    .map((folder) => `${folder}/LICENSE differs from LICENSE`);
}
