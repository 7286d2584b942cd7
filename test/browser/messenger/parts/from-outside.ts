/**
 * What others can see of the messenger: the relay's database, the page's traffic, the profile on the disk. Looked
 * through for what was written and for private keys; a control shows that they would be found.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecretScanner, secretText } from '../../../../sdk/test/support/secret-scan.js';
import { Partner } from '../../support/node-partner.js';
import { startRecordingProxy, type RecordingProxy } from '../../../end-to-end/support/recording-proxy.js';
import { password, type MessengerApp, type Person } from '../support/app.js';
import { addContact, hasStatus, messageOf, write } from '../support/deeds.js';
import { inProfile } from '../support/profile.js';
import type { Stage } from '../support/stage.js';

const words = { out: 'the heron stands on one leg 7f3a', back: 'and listens to the reeds 91bc' };

/** Everything that stands in the relay's tables, and what it calls them. */
async function tablesOf({ database }: MessengerApp): Promise<{ names: string[]; bytes: Buffer }> {
  const tables = await database.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const names = tables.map(({ name }) => name);
  const values: Buffer[] = [];
  for (const name of names) {
    const rows = await database.query(`SELECT * FROM "${name}"`);
    for (const value of rows.flatMap((row) => Object.values(row))) {
      values.push(
        value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value) ?? ''),
      );
      values.push(Buffer.from('\n'));
    }
  }
  return { names, bytes: Buffer.concat(values) };
}

async function filesBelow(folder: string): Promise<Buffer[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map((file) => readFile(join(file.parentPath, file.name)).catch(() => undefined));
  return (await Promise.all(read)).filter((bytes) => bytes !== undefined);
}

async function talk(app: MessengerApp, person: Person, partner: Partner): Promise<void> {
  const { page } = person;
  await app.signUp(person);
  await addContact(page, partner.contactCode);
  await write(page, words.out);
  await hasStatus(page, words.out, 'delivered');
  const [known] = await partner.messenger.contacts.list();
  await partner.messenger.messages.send(known!.accountId, { text: words.back });
  await messageOf(page, words.back).waitFor();
}

/** An event of a browser's own log of its traffic: one to a line. What a browser asks for by itself has no initiator. */
interface NetEvent {
  readonly params?: { readonly initiator?: string; readonly url?: string };
}

/** What pages and workers have asked for, by a browser's own log. */
function addressesIn(netLog: string): string[] {
  const lines = netLog.split('\n').filter((line) => line.includes('"initiator":"http'));
  const events = lines.map((line) => JSON.parse(line.replace(/,?\s*$/, '')) as NetEvent);
  return events.flatMap(({ params }) => (params?.url === undefined ? [] : [params.url]));
}

/** A profile on the disk, a talk with somebody in Node, and what is left of both. */
export function fromOutside(stage: Stage): void {
  describe('from outside', { timeout: 120_000 }, () => {
    let folder: string;
    let proxy: RecordingProxy;
    let partner: Partner;
    let keys: readonly string[];
    let scanner: SecretScanner;
    /** What must be found wherever it is looked: the partner's name is no secret. */
    const control = new SecretScanner([secretText('a name', 'outside_partner')]);
    const netLog = () => join(folder, 'net-log.json');

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sotto-outside-'));
      proxy = await startRecordingProxy(stage.app.port);
      partner = await Partner.open(stage.app.url, 'outside_partner');
      const person = await stage.app.openOnDisk('vera', join(folder, 'profile'), proxy.url, netLog());
      await talk(stage.app, person, partner);
      keys = await inProfile(person.page, (profile) => profile.secrets(), undefined);
      await person.context.close();
      scanner = new SecretScanner([
        ...Object.entries({ ...words, password }).map(([name, text]) => secretText(name, text)),
        ...keys.map((key, index) => ({ name: `private key ${index}`, bytes: Buffer.from(key, 'base64url') })),
      ]);
    }, 120_000);

    afterAll(async () => {
      await partner.messenger.close();
      await proxy.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    it('the relay’s database holds no word and no private key', async () => {
      const { names, bytes } = await tablesOf(stage.app);
      expect(names).toEqual(expect.arrayContaining(['accounts', 'devices']));
      expect(keys).toHaveLength(2);
      expect(control.find(bytes).length).toBeGreaterThan(0);
      expect(scanner.find(bytes)).toEqual([]);
    });

    it('nor does the traffic of the page, which went to its relay and nowhere else', async () => {
      const log = await readFile(netLog());
      const addresses = addressesIn(log.toString('utf8'));
      expect(
        addresses.filter((url) => url.startsWith(proxy.url.replace('http', 'ws'))).length,
      ).toBeGreaterThan(0);
      const host = new URL(proxy.url).host;
      expect(addresses.filter((url) => new URL(url).host !== host)).toEqual([]);
      expect(control.find(proxy.recorded()).length).toBeGreaterThan(0);
      expect(scanner.find(proxy.recorded())).toEqual([]);
      expect(scanner.find(log)).toEqual([]);
    });

    it('nor does the profile on the disk', async () => {
      const files = await filesBelow(join(folder, 'profile'));
      // The account number is in the names of what is stored nowhere, the address of the page is.
      const address = new SecretScanner([secretText('the address', new URL(proxy.url).host)]);
      expect(files.some((bytes) => address.find(bytes).length > 0)).toBe(true);
      expect(files.flatMap((bytes) => scanner.find(bytes))).toEqual([]);
    });
  });
}
