/**
 * `npm start`: builds what is not built, runs the embedded relay, which serves the messenger too, and an echo
 * bot, and says what to open in a browser and what to type in another terminal. `--no-bot` leaves the bot out. `SOTTO_PORT`, `SOTTO_DATA` and the relay's
 * other settings are respected; the bot's account lies in the data folder too, so that it keeps its
 * contact code.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { root } from './lib/run.mjs';
import { Children } from './start/children.mjs';

/** How soon the end of npm is noticed. */
const parentCheckMs = 1_000;

const defaultUrl = 'http://127.0.0.1:8787';
const defaultDataFolder = '.sotto';
const dataFolder = process.env['SOTTO_DATA'] || defaultDataFolder;

function wantsBot() {
  try {
    const { values } = parseArgs({ options: { 'no-bot': { type: 'boolean', default: false } } });
    return !values['no-bot'];
  } catch {
    console.error('start: the only option is --no-bot');
    return process.exit(1);
  }
}

/** Starts the relay. @returns its address, or nothing where it ended instead */
async function startRelay(children) {
  const env = { ...process.env, SOTTO_DATA: dataFolder };
  env['SOTTO_LOG_LEVEL'] ||= 'warn';
  env['SOTTO_APP'] ||= join(root, 'examples/messenger/dist');
  const relay = children.start('scripts/start/relay.mjs', env);
  relay.lines.on('line', (line) => console.log(line));
  return Promise.race([
    new Promise((resolve) => relay.process.once('message', ({ url }) => resolve(url))),
    relay.ended,
  ]);
}

/** Starts the bot. @returns its contact code, or nothing where it ended instead */
async function startBot(children, url) {
  const env = { ...process.env, SOTTO_RELAY: url, SOTTO_BOT_DATA: join(dataFolder, 'echo-bot') };
  const bot = children.start('examples/echo-bot/dist/main.js', env);
  const code = new Promise((resolve) => {
    bot.lines.on('line', (line) => {
      const [, found] = /^echo bot: (\S+)$/.exec(line) ?? [];
      if (found) resolve(found);
    });
  });
  return Promise.race([code, bot.ended]);
}

/** What to type elsewhere, as it must be typed for this relay and this data folder. */
function chatCommand(url) {
  const options = ['--name alice'];
  if (url !== defaultUrl) options.push(`--relay ${url}`);
  if (dataFolder !== defaultDataFolder) options.push(`--data ${join(dataFolder, 'chat', 'alice')}`);
  return `npm run chat -- ${options.join(' ')}`;
}

function sayWhatToDo(url, contactCode) {
  console.log(`Sotto is at ${url}: open it in a browser and create an account.\n`);
  if (contactCode !== undefined) {
    console.log(`There, add the echo bot, which answers what you write:\n\n  ${contactCode}\n`);
  }
  console.log(`Or chat in another terminal:\n\n  ${chatCommand(url)}\n`);
  if (contactCode !== undefined) console.log(`and there:\n\n  /add ${contactCode}\n  hello\n`);
  console.log(
    `Everything is kept in ${dataFolder}. Ctrl-C ends the relay${contactCode ? ' and the bot' : ''}.`,
  );
}

/** Under npm it ends with npm, also when npm is killed and can pass nothing on. */
function endWithNpm(children) {
  if (process.env['npm_lifecycle_event'] !== 'start') return;
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || children.end(), parentCheckMs).unref();
}

const withBot = wantsBot();
if (!(await build({ ifNeeded: true }))) process.exit(1);
const children = new Children();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => children.end());
endWithNpm(children);
const url = await startRelay(children);
const contactCode = url && withBot ? await startBot(children, url) : undefined;
if (url && (contactCode || !withBot)) sayWhatToDo(url, contactCode);
process.exit(await children.ended);
