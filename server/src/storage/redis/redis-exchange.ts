/**
 * What nodes tell one another, over Redis: each node listens on a sharded channel of its own, and a hash per
 * account says at which node and under which connection its devices are. Knows no socket.
 */
import type { AccountId, DeviceAddress } from '@sotto/sdk/wire';
import { deviceKey } from '../../mailbox/accept-plan.js';
import { nodeLimits } from '../../nodes/limits.js';
import type {
  NodeConnection,
  NodeExchange,
  NodeHandlers,
  NodeMessage,
  NodeState,
} from '../../nodes/node-exchange.js';
import { decodePublication, encodePublication } from '../../nodes/node-message-codec.js';
import { Outgoing } from '../../nodes/outgoing.js';
import { redisKeys } from './redis-keys.js';
import { inTime, type RedisLink } from './redis-link.js';
import { RedisScript } from './redis-script.js';

/** Takes a device's place and answers who had it. */
const claimScript = new RedisScript(`
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return before`);

/** Says again who has a device's place, unless a newer connection has it: then that one is answered. */
const renewScript = new RedisScript(`
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and held ~= ARGV[2] then
  local heldSince, since = tonumber(string.match(held, '%d+$')), tonumber(string.match(ARGV[2], '%d+$'))
  if heldSince >= since then return held end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return false`);

/** Gives a place up, if it is still the connection's. */
const leaveScript = new RedisScript(`
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`);

/** A connection that a node may hold, and that was replaced. */
type Replaced = Pick<NodeConnection, 'device' | 'id'>;

/** First byte of a publication that says who was replaced; the others begin with a length below 2^24. */
const replacedMark = 0xff;

function encodeReplaced({ device, id }: Replaced): Buffer {
  return Buffer.concat([Buffer.of(replacedMark), Buffer.from(JSON.stringify({ device, id }))]);
}

/** Options of {@link RedisExchange}. */
export interface RedisExchangeOptions {
  readonly link: RedisLink;
  /** Of this node. */
  readonly nodeId: string;
}

/** See the file's header. */
export class RedisExchange implements NodeExchange {
  readonly #link: RedisLink;
  readonly #nodeId: string;
  readonly #outgoing: Outgoing;
  /** At which node devices were last found. */
  readonly #places = new Map<string, { readonly nodeId: string; readonly until: number }>();
  #handlers: NodeHandlers | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor({ link, nodeId }: RedisExchangeOptions) {
    this.#link = link;
    this.#nodeId = nodeId;
    this.#outgoing = new Outgoing((messages) => this.#passOn(messages, false));
    link.serve({ published: (bytes) => this.#heard(bytes), up: () => this.#linked() });
  }

  get state(): NodeState {
    return this.#link.isUp ? 'linked' : 'degraded';
  }

  async start(handlers: NodeHandlers): Promise<void> {
    this.#handlers = handlers;
    this.#renewal = setInterval(() => void this.#renewAll(), nodeLimits.presenceRenewalMs).unref();
    await this.#link.start();
  }

  async arrived(connection: NodeConnection): Promise<void> {
    try {
      await inTime(this.#claim(connection), nodeLimits.arrivalTimeoutMs);
    } catch {
      // Renewed as soon as Redis is back; until then connections catch up by themselves.
    }
  }

  left(connection: NodeConnection): void {
    void this.#runPlaceScript(leaveScript, connection).catch(() => undefined);
  }

  tell(messages: readonly NodeMessage[]): void {
    if (this.#link.isUp) this.#outgoing.add(messages);
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#link.close();
  }

  #linked(): void {
    this.#places.clear();
    void this.#renewAll();
    this.#handlers?.missed();
  }

  #runPlaceScript(script: RedisScript, connection: NodeConnection): Promise<unknown> {
    const { device, id, since } = connection;
    const place = `${this.#nodeId} ${id} ${since}`;
    const input = {
      keys: [redisKeys.places(device.accountId)],
      arguments: [String(device.deviceId), place, String(nodeLimits.presenceTtlMs)],
    };
    return this.#link.run((client) => script.run(client, input));
  }

  async #claim(connection: NodeConnection): Promise<void> {
    const before = await this.#runPlaceScript(claimScript, connection);
    if (typeof before !== 'string') return;
    const [nodeId, id] = before.split(' ');
    if (nodeId === undefined || id === undefined || nodeId === this.#nodeId) return;
    const told = encodeReplaced({ device: connection.device, id });
    await this.#link.run((client) => client.sPublish(redisKeys.node(nodeId), told));
  }

  async #renewAll(): Promise<void> {
    if (this.#renewing || !this.#link.isUp) return;
    this.#renewing = true;
    try {
      const connections = [...(this.#handlers?.connections() ?? [])];
      for (let start = 0; start < connections.length; start += nodeLimits.renewalsPerTurn) {
        const some = connections.slice(start, start + nodeLimits.renewalsPerTurn);
        await Promise.all(some.map((connection) => this.#renew(connection)));
      }
    } catch {
      // The link broke: everything is renewed when it holds again.
    } finally {
      this.#renewing = false;
    }
  }

  async #renew(connection: NodeConnection): Promise<void> {
    const newer = await this.#runPlaceScript(renewScript, connection);
    if (typeof newer === 'string') this.#handlers?.replaced(connection);
  }

  async #passOn(messages: readonly NodeMessage[], forwarded: boolean): Promise<void> {
    // What strayed once did so by an old memory.
    const byNode = await this.#sortByNode(messages, forwarded);
    for (const [nodeId, some] of byNode) await this.#publish(nodeId, some, forwarded);
  }

  /** @param fresh - whether memory may be wrong, so that Redis has to be asked */
  async #sortByNode(messages: readonly NodeMessage[], fresh: boolean): Promise<Map<string, NodeMessage[]>> {
    const places = await Promise.all(messages.map(({ device }) => this.#placeOf(device, fresh)));
    const byNode = new Map<string, NodeMessage[]>();
    messages.forEach((message, index) => {
      const nodeId = places[index];
      if (nodeId === undefined || nodeId === this.#nodeId) return;
      const some = byNode.get(nodeId);
      if (some) some.push(message);
      else byNode.set(nodeId, [message]);
    });
    return byNode;
  }

  async #placeOf(device: DeviceAddress, fresh: boolean): Promise<string | undefined> {
    const key = deviceKey(device);
    const known = fresh ? undefined : this.#places.get(key);
    if (known !== undefined && known.until > performance.now()) return known.nodeId;
    this.#places.delete(key);
    const nodeId = await this.#lookUp(device.accountId, device.deviceId);
    if (nodeId !== undefined) this.#remember(key, nodeId);
    return nodeId;
  }

  async #lookUp(accountId: AccountId, deviceId: number): Promise<string | undefined> {
    const place = await this.#link.run((client) =>
      client.hGet(redisKeys.places(accountId), String(deviceId)),
    );
    return place?.split(' ')[0];
  }

  #remember(key: string, nodeId: string): void {
    this.#places.set(key, { nodeId, until: performance.now() + nodeLimits.placeTtlMs });
    const oldest = this.#places.keys().next().value;
    if (this.#places.size > nodeLimits.maxPlaces && oldest !== undefined) this.#places.delete(oldest);
  }

  async #publish(nodeId: string, messages: readonly NodeMessage[], forwarded: boolean): Promise<void> {
    for (const some of publications(messages)) {
      const bytes = encodePublication({ messages: some, forwarded });
      const listeners = await this.#link.run((client) => client.sPublish(redisKeys.node(nodeId), bytes));
      // The node is gone: its devices are elsewhere by now, or will read their mailboxes when they are back.
      if (listeners === 0) await this.#whereaboutsUnknown(some, forwarded);
    }
  }

  async #whereaboutsUnknown(messages: readonly NodeMessage[], asked: boolean): Promise<void> {
    for (const { device } of messages) this.#places.delete(deviceKey(device));
    if (!asked) await this.#passOn(messages, true);
  }

  #heard(bytes: Buffer): void {
    if (bytes.length > nodeLimits.maxPublicationBytes) return this.#handlers?.missed();
    try {
      if (bytes[0] === replacedMark) this.#heardReplaced(bytes);
      else this.#heardMessages(bytes);
    } catch {
      // Not of this program: the mailbox has what counts.
      this.#handlers?.missed();
    }
  }

  #heardReplaced(bytes: Buffer): void {
    this.#handlers?.replaced(JSON.parse(bytes.subarray(1).toString()) as Replaced);
  }

  #heardMessages(bytes: Buffer): void {
    const { messages, forwarded } = decodePublication(bytes);
    const strayed = messages.filter((message) => !(this.#handlers?.received(message) ?? true));
    // The sender's memory was old: once more, to where the device is now.
    if (!forwarded && strayed.length > 0) void this.#passOn(strayed, true).catch(() => undefined);
  }
}

function* publications(messages: readonly NodeMessage[]): Generator<readonly NodeMessage[]> {
  const { maxMessagesPerPublication } = nodeLimits;
  for (let start = 0; start < messages.length; start += maxMessagesPerPublication) {
    yield messages.slice(start, start + maxMessagesPerPublication);
  }
}
