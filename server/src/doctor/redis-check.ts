/** What the doctor looks at in Redis. Leaves nothing there. */
import { randomUUID } from 'node:crypto';
import { createClient } from '@redis/client';
import { createRelayLog } from '../logging/relay-log.js';
import { RedisLink, type RedisClient } from '../storage/redis/redis-link.js';
import type { Finding } from './finding.js';

/** Sharded pub/sub came with it. */
const oldestRedis = 7;

function fact(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
}

function* judge(info: string): Generator<Finding> {
  const part = 'redis';
  const version = fact(info, 'redis_version');
  yield Number.parseInt(version, 10) >= oldestRedis
    ? { level: 'ok', part, text: `Redis ${version} answers, and its channels do` }
    : { level: 'fail', part, text: 'Redis is older than 7' };
  const policy = fact(info, 'maxmemory_policy');
  if (fact(info, 'maxmemory') !== '0' && policy.startsWith('allkeys')) {
    yield {
      level: 'ok',
      part,
      text: `it evicts by ${policy}: what goes is counters and places, which come back`,
    };
  }
}

function* judgeMailbox(info: string): Generator<Finding> {
  const part = 'mailbox';
  yield { level: 'ok', part, text: `Redis ${fact(info, 'redis_version')} answers` };
  if (fact(info, 'aof_enabled') !== '1') {
    const text = 'appendonly is off: what was accepted since the last snapshot is lost when this Redis ends';
    yield { level: 'warn', part, text };
  }
  if (fact(info, 'maxmemory') !== '0' && fact(info, 'maxmemory_policy') !== 'noeviction') {
    const text = `it evicts by ${fact(info, 'maxmemory_policy')}: messages would be lost; set noeviction`;
    yield { level: 'fail', part, text };
  }
  if (fact(info, 'cluster_enabled') === '1') {
    yield { level: 'ok', part, text: 'it is a cluster: all mailboxes lie on one of its shards' };
  }
}

async function appendSync(client: RedisClient): Promise<Finding[]> {
  try {
    const { appendfsync } = await client.configGet('appendfsync');
    if (appendfsync === 'always') return [];
    const text = `appendfsync is ${appendfsync}: up to two seconds of messages may be lost with the power`;
    return [{ level: 'warn', part: 'mailbox', text }];
  } catch {
    // Where settings are not to be seen there is nothing to say.
    return [];
  }
}

/** Looks at the Redis that is to keep mailboxes. */
export async function checkMailboxRedis(url: string): Promise<Finding[]> {
  const client = createClient({ url, socket: { connectTimeout: 2_000, reconnectStrategy: false } });
  client.on('error', () => {});
  try {
    await client.connect();
    return [...judgeMailbox(await client.info()), ...(await appendSync(client as RedisClient))];
  } catch {
    return [{ level: 'fail', part: 'mailbox', text: 'its Redis cannot be asked' }];
  } finally {
    if (client.isOpen) client.destroy();
  }
}

/** Links as a node would, listening included. */
export async function checkRedis(url: string): Promise<Finding[]> {
  const log = createRelayLog({ level: 'silent', now: () => 0 });
  const link = new RedisLink({ url, channel: `sotto:node:{${randomUUID()}}`, log });
  await link.start();
  try {
    return [...judge(await link.run((client) => client.info()))];
  } catch {
    const text = 'it cannot be asked: nodes would reach one another through the mailboxes alone';
    return [{ level: 'warn', part: 'redis', text }];
  } finally {
    await link.close();
  }
}
