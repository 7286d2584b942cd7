/** Finds the programs that the browser and service suites need, without any fixed path. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function pathFolders() {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

function findOnPath(names) {
  return pathFolders()
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
}

/** The browser: `SOTTO_CHROMIUM`, else what the PATH offers. @returns {string | undefined} */
export function findChromium() {
  const named = process.env['SOTTO_CHROMIUM'];
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return findOnPath(chromiumNames);
}

/** The folder with `initdb` and `postgres`: what `pg_config` says, else the PATH. @returns {string | undefined} */
export function findPostgres() {
  const { stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const folders = [...(stdout ? [stdout.trim()] : []), ...pathFolders()];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => isExecutable(join(folder, name))));
}

/** The program `redis-server`. @returns {string | undefined} */
export function findRedis() {
  return findOnPath(['redis-server']);
}

/** Whether `SOTTO_REQUIRE` says that what needs these programs must not be skipped. @param {string} what */
export function isRequired(what) {
  return (process.env['SOTTO_REQUIRE'] ?? '').split(',').includes(what);
}
