/**
 * What the mailbox does in Redis, as scripts: each is one step, whatever happens beside it. Places are kept as
 * stream ids `<place>-<check>`, the check being a part of the envelope's id, so that deleting by id needs no
 * look at what lies there. Knows no rule of the mailbox.
 */
import { RedisScript } from './redis-script.js';

/**
 * Writes what was planned, all of it or nothing. Answers `stale` when a place or an attempt was taken since the
 * plan was made.
 *
 * KEYS: oldest, attempt-times. ARGV: the life's key and number; then how many boxes and, of each, heads key, device id and the
 * place it must have; attempts and, of each, hash key, attempt id, value, member, time, and the sender's heads key
 * and device id, which lead to what is kept of a device; envelopes and, of
 * each, box key, heads key, device id, place, check, id, sender, device of the sender, kind, ciphertext, time.
 */
export const placeScript = new RedisScript(`
local at = 1
local function take() at = at + 1; return ARGV[at - 1] end
local lifeKey, life = take(), take()
if redis.call('HGET', lifeKey, 'number') ~= life then return 'stale' end
for _ = 1, tonumber(take()) do
  local heads, device, last = take(), take(), take()
  if (redis.call('HGET', heads, device) or '0') ~= last then return 'stale' end
end
local attempts = {}
for _ = 1, tonumber(take()) do
  local one = { take(), take(), take(), take(), take(), take(), take() }
  if redis.call('HEXISTS', one[1], one[2]) == 1 then return 'stale' end
  attempts[#attempts + 1] = one
end
for _, one in ipairs(attempts) do
  redis.call('HSET', one[1], one[2], one[3])
  redis.call('ZADD', KEYS[2], one[5], one[4])
  redis.call('HSETNX', one[6], one[7], '0')
end
for _ = 1, tonumber(take()) do
  local box, heads, device, place, check = take(), take(), take(), take(), take()
  local id, sender, from, kind, ciphertext, time = take(), take(), take(), take(), take(), take()
  redis.call('XADD', box, place .. '-' .. check, 'i', id, 's', sender, 'd', from, 'k', kind, 'c', ciphertext, 't', time)
  redis.call('HSET', heads, device, place)
  redis.call('ZADD', KEYS[1], 'LT', time, box)
end
return 'placed'`);

/**
 * A page: whether there is more, then each entry's place and fields. KEYS: box. ARGV: after which place, how
 * many, how many bytes, accepted from when.
 */
export const pageScript = new RedisScript(`
local after, most, mostBytes, from = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local page, bytes = { 0 }, 0
local start = string.format('%.0f', after + 1)
while true do
  local entries = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 16)
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    if tonumber(fields[12]) >= from then
      bytes = bytes + #fields[10]
      if #page > 1 and (#page > most or bytes > mostBytes) then
        page[1] = 1
        return page
      end
      page[#page + 1] = entry
    end
  end
  if #entries < 16 then return page end
  start = '(' .. entries[#entries][1]
end`);

/**
 * Deletes what boxes hold of before a time. Answers how many, and whether that was all. KEYS: oldest.
 * ARGV: before when, how many entries.
 */
export const sweepBoxesScript = new RedisScript(`
local before, most, deleted = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
for _ = 1, most + 1000 do
  local box = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. ARGV[1], 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not box then return { deleted, 1 } end
  if deleted == most then break end
  local first = redis.call('XRANGE', box, '-', '+', 'COUNT', 1)[1]
  if not first then
    redis.call('ZREM', KEYS[1], box)
  elseif tonumber(first[2][12]) < before then
    redis.call('XDEL', box, first[1])
    deleted = deleted + 1
  else
    redis.call('ZADD', KEYS[1], first[2][12], box)
  end
end
return { deleted, 0 }`);

/** Forgets attempts of before a time. Answers as above. KEYS: attempt-times. ARGV: before when, how many, the prefix of hash keys. */
export const sweepAttemptsScript = new RedisScript(`
local members = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. ARGV[1], 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[2]))
for _, member in ipairs(members) do
  local device, attempt = string.match(member, '^(.-) (.*)$')
  redis.call('HDEL', ARGV[3] .. device, attempt)
  redis.call('ZREM', KEYS[1], member)
end
return { #members, #members < tonumber(ARGV[2]) and 1 or 0 }`);

/** Forgets a device. KEYS: oldest, attempt-times. ARGV: box key, attempts key, heads key, device id, the device in attempts' members. */
export const forgetScript = new RedisScript(`
for _, attempt in ipairs(redis.call('HKEYS', ARGV[2])) do
  redis.call('ZREM', KEYS[2], ARGV[5] .. ' ' .. attempt)
end
redis.call('DEL', ARGV[1], ARGV[2])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', ARGV[3], ARGV[4])
return 0`);

/** Gives one device's box to another. KEYS: oldest. ARGV: box key of the one, of the other, heads key, both device ids. */
export const handOverScript = new RedisScript(`
local last = redis.call('HGET', ARGV[3], ARGV[4])
if not last then return 0 end
if redis.call('EXISTS', ARGV[1]) == 1 then redis.call('RENAME', ARGV[1], ARGV[2]) end
local oldest = redis.call('ZSCORE', KEYS[1], ARGV[1])
if oldest then redis.call('ZADD', KEYS[1], oldest, ARGV[2]) end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HSET', ARGV[3], ARGV[5], last)
redis.call('HDEL', ARGV[3], ARGV[4])
return 1`);

/** Begins a life, unless the server lives that one already. Answers its number, or nothing when a new one is needed. */
export const lifeScript = new RedisScript(`
local known = redis.call('HMGET', KEYS[1], 'run', 'number')
if known[1] == ARGV[1] then return known[2] end
if not ARGV[2] then return false end
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'number', ARGV[2])
return ARGV[2]`);
