/** A bot that answers every text with the same text: the answer is one commit with the message it answers. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMessenger, describeError, isSottoError, type MessageHandler } from '@sotto/sdk';
import { levelStorage } from '@sotto/sdk/storage/level';
import { socketIoTransport } from '@sotto/sdk/transport/socket-io';
import { keptPassword, openAccount } from './account.js';
import { chosenEngine } from './engine.js';

const url = process.env['SOTTO_RELAY'] ?? 'http://127.0.0.1:8787';
const folder = process.env['SOTTO_BOT_DATA'] ?? join('.sotto', 'echo-bot');

const answer: MessageHandler = async (message, unit) => {
  if (message.body.kind === 'text') await unit.send(message.sender, { text: message.body.text });
};

async function run(): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const messenger = await createMessenger({
    engine: await chosenEngine(),
    storage: levelStorage(join(folder, 'account')),
    transport: socketIoTransport({ url }),
    messageRequests: 'accept',
    onMessage: answer,
  });
  const close = () => void messenger.close().then(() => process.exit(0), fail);
  process.once('SIGTERM', close).once('SIGINT', close);
  const password = await keptPassword(join(folder, 'password'));
  messenger.on('login-required', () => messenger.account.login(password).catch(fail));
  const { contactCode } = await openAccount(messenger, password);
  await messenger.connect();
  await writeFile(join(folder, 'contact-code'), `${contactCode}\n`);
  console.log(`echo bot: ${contactCode}`);
}

function reasonOf(error: unknown): string {
  if (isSottoError(error, 'engine-mismatch'))
    return `the account in ${folder} needs SOTTO_ENGINE=${error.details.engine}`;
  return isSottoError(error) ? describeError(error.code).when : String(error);
}

function fail(error: unknown): never {
  console.error(`echo-bot: ${reasonOf(error)}`);
  process.exit(1);
}

run().catch(fail);
