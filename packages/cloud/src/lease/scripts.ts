import { createHash } from "node:crypto";

/** A Lua script, run whole or not at all (Redis, "Scripting with Lua"; Valkey runs it alike). */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/**
 * Every script answers `{now, outcome, ...}`, `now` being the server's clock in ms, and does nothing
 * after its deadline on that clock: what a paused server finds in its buffers afterwards, whoever sent
 * it has given up. KEYS: the lease, the last fence. ARGV: deadline, owner, ...
 */
function script(body: string): Script {
  const source = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if now > tonumber(ARGV[1]) then return {now, 'late'} end
local lease, last, owner = KEYS[1], KEYS[2], ARGV[2]
local held = redis.call('HMGET', lease, 'owner', 'fence')
local function take(fence, ms)
  redis.call('SET', last, fence, 'PX', 86400000)
  redis.call('HSET', lease, 'owner', owner, 'fence', fence)
  redis.call('PEXPIRE', lease, ms)
end
${body}`;
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/**
 * ARGV: ..., time to live in ms, name of the user, prefix of the nodes' channels. The fence is the clock
 * or one more than the last, whichever is larger: it grows even when the server has lost its data.
 * `settling`: the lease is free but the server is younger than a lease, so a holder may not have come
 * back to it yet.
 */
export const acquireScript = script(`
if held[1] and held[1] ~= owner then
  redis.call('PUBLISH', ARGV[5] .. held[1], ARGV[4])
  return {now, 'held'}
end
local ttl = tonumber(ARGV[3])
if not held[1] then
  local uptime = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)'))
  if uptime * 1000 < ttl and not redis.call('GET', last) then return {now, 'settling'} end
end
local fence = string.format('%.0f', math.max(now, (tonumber(redis.call('GET', last)) or 0) + 1))
take(fence, ttl)
return {now, 'granted', fence}`);

/** ARGV: ..., time to live in ms, fence. A server that lost its data gets the lease back. */
export const renewScript = script(`
if held[1] == owner and held[2] == ARGV[4] then
  redis.call('PEXPIRE', lease, ARGV[3])
  return {now, 'held'}
end
if held[1] or (tonumber(redis.call('GET', last)) or 0) > tonumber(ARGV[4]) then return {now, 'taken'} end
take(ARGV[4], ARGV[3])
return {now, 'held'}`);

/** ARGV: ..., fence. */
export const releaseScript = script(`
if held[1] == owner and held[2] == ARGV[3] then redis.call('DEL', lease) end
return {now, 'released'}`);
