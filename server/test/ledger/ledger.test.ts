/** The published ledger against the relay as it is: its database, what operations change in it, and its log. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  httpOperations,
  socketOperations,
  ledgerColumns,
  ledgerEvents,
  ledgerLogEvents,
  ledgerOperations,
  ledgerUpkeep,
  type HttpOperationName,
  type LedgerEntry,
  type LedgerLogEventName,
  type SocketOperationName,
} from '@sotto/sdk/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../protocol-suite/device.js';
import { httpExamples, socketExamples } from '../../protocol-suite/examples.js';
import { refusedHandshake } from '../../protocol-suite/live.js';
import { World } from '../../protocol-suite/world.js';
import { logFieldNames } from '../../src/logging/relay-log.js';
import type { Database } from '../../src/ports.js';
import { createRelay, type Relay } from '../../src/relay.js';
import { openPGliteDatabase } from '../../src/storage/postgres/index.js';
import { changedColumns, listColumns, takeSnapshot } from './database-diff.js';

const entries: Record<string, LedgerEntry> = { ...ledgerOperations, ...ledgerEvents, ...ledgerUpkeep };
const tableOf = (column: string) => column.split('.')[0] as string;

describe('ledger', () => {
  let database: Database;
  let relay: Relay;
  let world: World;
  const log: string[] = [];

  beforeAll(async () => {
    database = await openPGliteDatabase();
    const logSink = { write: (line: string) => void log.push(line) };
    relay = await createRelay({ port: 0, limitFactor: 10_000, logLevel: 'debug' }, { database, logSink });
    world = new World(
      () => relay.url,
      () => {},
    );
  });
  afterAll(async () => {
    world.close();
    await relay.close();
    await database.close();
  });

  it('names every column of the database, and no other', async () => {
    expect(Object.keys(ledgerColumns).sort()).toEqual((await listColumns(database)).sort());
  });

  it('says of every column what writes it', () => {
    const written = new Set<string>(Object.values(entries).flatMap(({ stores }) => stores));
    expect(Object.keys(ledgerColumns).filter((column) => !written.has(column))).toEqual([]);
  });

  /** Runs something; what changed must be in the entry, and what the entry names must have changed somewhere. */
  async function expectStores(name: string, run: () => Promise<unknown>): Promise<void> {
    const { stores } = entries[name] as LedgerEntry;
    const before = await takeSnapshot(database);
    await run();
    const changed = changedColumns(before, await takeSnapshot(database));
    expect([...changed].filter((column) => !(stores as readonly string[]).includes(column))).toEqual([]);
    expect(new Set([...changed].map(tableOf))).toEqual(new Set(stores.map(tableOf)));
  }

  /** Somebody who has left traces everywhere. */
  async function busyPerson(): Promise<Device> {
    const [person, friend] = [await world.person(3), await world.person(3)];
    const [mine, theirs] = [await world.connect(person), await world.connect(friend)];
    await theirs.mustSend(await world.sendRequest(friend, person));
    await mine.mustSend(await world.sendRequest(person, friend));
    await mine.resume({ generation: 1, storeSeq: 1, continuation: null });
    return person;
  }

  /** A reset of an account in use that nobody has objected to for a day. */
  async function letReset({ accountId }: Device): Promise<void> {
    await database.query('INSERT INTO resets VALUES ($1, $2, $2, false)', [accountId, Date.now() - 1]);
  }

  for (const name of Object.keys(httpOperations) as HttpOperationName[]) {
    it(`says what ${name} stores`, async () => {
      const person = await busyPerson();
      // Registering once more would be refused: that one is done by somebody new.
      const subject = name === 'accounts.register' ? new Device() : person;
      const { body } = await httpExamples[name](world, subject);
      if (name === 'reset.complete' || name === 'reset.object') await letReset(subject);
      await expectStores(name, async () => {
        const { status } = await world.api.sendEncoded(name, body, person.accessToken);
        expect(status).toBe(200);
      });
    });
  }

  for (const name of Object.keys(socketOperations) as SocketOperationName[]) {
    it(`says what ${name} stores`, async () => {
      const [from, to] = [await world.newcomer(), await world.newcomer()];
      const [sender, receiver] = [await world.connect(from), await world.connect(to)];
      await sender.mustSend(await world.sendRequest(from, to));
      await receiver.receivedCount(1);
      const ids = receiver.received.map(({ id }) => id);
      const payloads: Record<SocketOperationName, unknown> = {
        resume: await socketExamples.resume(world, from, to),
        send: { ...(await world.sendRequest(from, to)), storeSeq: 1 },
        acknowledge: { ids, storeSeq: 1 },
      };
      await expectStores(name, async () => {
        const asking = name === 'acknowledge' ? receiver : sender;
        expect(await asking.ask(name, payloads[name])).toMatchObject({ ok: true });
      });
    });
  }

  it('says that connecting and receiving store nothing', async () => {
    const [from, to] = [await world.newcomer(), await world.newcomer()];
    await (await world.connect(from)).mustSend(await world.sendRequest(from, to));
    await expectStores('connect', async () => {
      const receiver = await world.connect(to);
      expect(receiver.received).toHaveLength(1);
      receiver.close();
      await refusedHandshake(relay.url, { protocol: 1, accessToken: 'x' });
    });
  });

  it('says what the log holds, line by line and field by field', async () => {
    const person = await world.newcomer();
    await world.api.refused('keys.status', {}, 'unauthorized', 'x');
    await (await world.connect(person)).ask('send', {});
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>);
    const seen = new Set(lines.map(({ event }) => event));
    for (const event of ['operation', 'listening', 'handshake-refused', 'socket-request-refused']) {
      expect(seen).toContain(event);
    }
    for (const { level, time, event, ...fields } of lines) {
      expect([typeof level, typeof time]).toEqual(['string', 'number']);
      const { fields: allowed } = ledgerLogEvents[event as LedgerLogEventName];
      const unknown = Object.keys(fields).filter((field) => !(allowed as readonly string[]).includes(field));
      expect({ event, unknown }).toEqual({ event, unknown: [] });
    }
  });

  it('knows every event that the relay’s sources can log, and every field', async () => {
    const source = new URL('../../src/', import.meta.url).pathname;
    const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts'));
    const texts = await Promise.all(files.map((file) => readFile(path.join(source, file), 'utf8')));
    const events = texts.flatMap((text) =>
      [...text.matchAll(/\blog\.log\(\s*[\w']+,\s*'([a-z-]+)'/g)].map(([, event]) => event as string),
    );
    expect([...new Set(events)].sort()).toEqual(Object.keys(ledgerLogEvents).sort());
    // Nothing else writes lines: every call has an event that the search above can read.
    const calls = texts.flatMap((text) => [...text.matchAll(/\blog\.log\(/g)]);
    expect(events).toHaveLength(calls.length);
    const fields = new Set<string>(Object.values(ledgerLogEvents).flatMap((event) => [...event.fields]));
    expect([...fields].sort()).toEqual([...logFieldNames].sort());
  });

  it('says of every event of the log what writes it', () => {
    const written = new Set<string>(Object.values(entries).flatMap(({ logs }) => logs));
    expect(Object.keys(ledgerLogEvents).filter((event) => !written.has(event))).toEqual([]);
  });
});
