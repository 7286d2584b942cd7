/**
 * One message through a running relay and back from its echo bot, by a new account in a temporary
 * folder, with the built packages as an application has them:
 *
 *     node scripts/smoke.mjs URL CODE
 *
 * CODE is the bot's contact code, or a file that has it somewhere in it, or soon will: what `npm start`
 * prints, or `echo-bot/contact-code` in the data folder. Prints one line and `N passed, M failed`. The account is
 * deleted at the end.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createMessenger } from '@sotto/sdk';
import { portableEngine } from '@sotto/sdk/engines/portable';
import { levelStorage } from '@sotto/sdk/storage/level';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';

/** For the bot's code to appear, and for its answer; a slow machine needs two seconds. */
const patienceMs = 60_000;

const codePattern = /@[a-z][a-z0-9_]{2,31}#[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){1,3}/;

async function contactCodeFrom(argument) {
  const deadlineMs = performance.now() + patienceMs;
  while (performance.now() < deadlineMs) {
    const [code] = codePattern.exec(existsSync(argument) ? readFileSync(argument, 'utf8') : argument) ?? [];
    if (code !== undefined) return code;
    if (!existsSync(argument)) break;
    await setTimeout(200);
  }
  throw new Error('there is no contact code in the second argument');
}

/** Resolves when the bot's answer has taken effect here. */
function echoOf(messenger, text) {
  return new Promise((resolve, reject) => {
    messenger.on('message', ({ message }) => {
      if (message.body.kind === 'text' && message.body.text === text) resolve();
    });
    messenger.on('message-status', ({ message }) => {
      if (message.status === 'failed') reject(new Error(`the message has failed: ${message.failure}`));
    });
    void setTimeout(patienceMs, undefined, { ref: false }).then(() => reject(new Error('no answer in time')));
  });
}

async function exchangeOneMessage(url, code, folder) {
  const suffix = randomBytes(6).toString('hex');
  const messenger = await createMessenger({
    engine: portableEngine(),
    storage: levelStorage(join(folder, 'account')),
    transport: socketIoTransport({ url }),
  });
  try {
    const password = randomBytes(24).toString('base64url');
    await messenger.account.register({ username: `smoke_${suffix}`, password });
    const text = `hello ${suffix}`;
    const echo = echoOf(messenger, text);
    await messenger.connect();
    const startedAtMs = performance.now();
    const bot = await messenger.contacts.add(code);
    await messenger.messages.send(bot.accountId, { text });
    await echo;
    const tookMs = performance.now() - startedAtMs;
    await messenger.account.signOut({ deleteAccount: true });
    return tookMs;
  } finally {
    await messenger.close();
  }
}

const [url, codeOrFile] = process.argv.slice(2);
if (url === undefined || codeOrFile === undefined) {
  console.error('node scripts/smoke.mjs URL CODE');
  process.exit(2);
}
const folder = await mkdtemp(join(tmpdir(), 'sotto-smoke-'));
try {
  const tookMs = await exchangeOneMessage(url, await contactCodeFrom(codeOrFile), folder);
  console.log(`ok     the echo bot answered after ${Math.round(tookMs)} ms\n1 passed, 0 failed`);
} catch (error) {
  console.log(`FAILED ${error?.code ?? error?.name}: ${error?.message}\n0 passed, 1 failed`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
