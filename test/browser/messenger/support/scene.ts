/**
 * A person with everything that a screen can show: contacts of each kind, what was said with them, and what went
 * wrong. Their contacts are clients in Node.
 */
import { Partner } from '../../support/node-partner.js';
import type { MessengerApp, Person } from './app.js';
import { Garbler } from './garbler.js';
import { addContact, hasStatus, openChat, write } from './deeds.js';

/** As long as a name may be. */
export const longName = 'a_name_as_long_as_a_name_may_be_';
const longWord = 'Donaudampfschifffahrtsgesellschaft'.repeat(8);

const talk: readonly (readonly ['own' | 'theirs', string])[] = [
  ['theirs', 'The ferry leaves at nine, and there is no later one.'],
  ['theirs', 'Shall I get tickets for all of us?'],
  ['own', 'Yes, please. Four of us: Jo comes along.'],
  ['theirs', 'Good. I bring the thermos flask, and the small tent in case it rains on the way back.'],
  ['own', 'It always rains on the way back 🌧️'],
  ['own', 'https://example.org/timetables/winter?from=harbour&to=north-island&adults=4'],
];

/** See the header. */
export interface Scene {
  readonly owner: Person;
  readonly contacts: Readonly<Record<string, Partner>>;
  close(): Promise<void>;
}

async function converse(owner: Person, partner: Partner): Promise<void> {
  const { accountId } = (await partner.messenger.contacts.list())[0]!;
  for (const [who, text] of talk) {
    if (who === 'own') await write(owner.page, text);
    else await partner.messenger.messages.send(accountId, { text });
  }
  await hasStatus(owner.page, talk.at(-1)![1], 'delivered');
}

/** A link of one contact with the key of another: what somebody hands out who wants to be taken for them. */
async function forgedLink(of: Partner, by: Partner): Promise<string> {
  const [link, other] = [await of.messenger.contacts.share(), await by.messenger.contacts.share()];
  return link.link.replace(/key=.*/, /key=.*/.exec(other.link)![0]);
}

/** @param owner - with an account, and nothing else yet */
export async function setScene(app: MessengerApp, owner: Person, ownCode: string): Promise<Scene> {
  const names = ['mira', 'joan', 'stranger', 'nuisance', 'tom', 'leon', longName];
  const opened = await Promise.all(names.map((name) => Partner.open(app.url, name)));
  const [mira, jo, stranger, nuisance, tom, left, long] = opened as [Partner, ...Partner[]] as Partner[];
  const garbler = await Garbler.open(app.url, 'olga');
  const { page } = owner;
  const add = async (code: string) => addContact(page, code);

  await add(long!.contactCode);
  await write(page, longWord);
  await add(left!.contactCode);
  await left!.messenger.account.signOut({ deleteAccount: true });
  await write(page, 'Are you still there?');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await add(tom!.contactCode);
  await write(page, 'New phone?');
  await hasStatus(page, 'New phone?', 'delivered');
  await add(nuisance!.contactCode);
  await page.getByTitle('About nuisance').click();
  await page.getByRole('button', { name: 'Block', exact: true }).click();
  await page.getByRole('button', { name: 'Unblock' }).waitFor();
  await add((await mira!.messenger.contacts.share()).link);
  await write(page, 'Tomorrow?');
  await hasStatus(page, 'Tomorrow?', 'delivered');
  await converse(owner, mira!);
  await add(jo!.contactCode);
  await write(page, 'Hello Jo');
  await hasStatus(page, 'Hello Jo', 'delivered');
  await add(garbler.partner.contactCode);
  await write(page, 'Can you hear me?');
  await hasStatus(page, 'Can you hear me?', 'delivered');
  const [heard] = await garbler.partner.messenger.contacts.list();
  await garbler.sendGarbled(heard!.accountId, 3);
  await page.getByText(/messages? from olga could not be read/).waitFor();
  await openChat(page, 'mira');
  const back = (await jo!.messenger.contacts.list())[0]!.accountId;
  await jo!.messenger.messages.send(back, { text: 'I am packed.' });
  await jo!.messenger.messages.send(back, { text: 'Which pier is it?' });
  const known = await stranger!.messenger.contacts.add(ownCode);
  await stranger!.messenger.messages.send(known.accountId, {
    text: 'Hi, we met at the bookshop. Mira gave me your code.',
  });
  await page.getByText('Message request').waitFor();
  await page.getByRole('link', { name: 'Add a contact' }).first().click();
  await page.getByLabel('Contact code or link').fill(await forgedLink(tom!, nuisance!));
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('The key is not the one you know.').waitFor();
  const contacts = Object.fromEntries(names.map((name, index) => [name, opened[index]!]));
  const close = async () =>
    void (await Promise.all([...opened, garbler.partner].map(({ messenger }) => messenger.close())));
  return { owner, contacts, close };
}
