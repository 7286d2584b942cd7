/** What the doctor looks at in Redis. Leaves nothing there. */
import { randomUUID } from 'node:crypto';
import { createRelayLog } from '../logging/relay-log.js';
import { RedisLink } from '../storage/redis/redis-link.js';
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
