-- Takes the lease of a namespace, renews it, or gives it up. Time is Redis' own, in
-- whole seconds: larger numbers print differently in every Lua.
--
-- KEYS[1]  the lease, KEYS[2] the namespace's meta hash
-- ARGV     who asks, for how many seconds (0 gives it up), what it has to say
--          ("" leaves what was said)
-- Returns  {"1" if it has the lease now or else "0", fence, epoch or "", note or ""}

local lease, me, seconds = KEYS[1], ARGV[1], tonumber(ARGV[2])
local now = tonumber(redis.call('TIME')[1])
local has = redis.call('HMGET', lease, 'holder', 'until', 'fence')
local mine, free = has[1] == me, not has[2] or tonumber(has[2]) <= now
local fence, epoch = has[3] or '', redis.call('HGET', KEYS[2], 'epoch') or ''
local note = redis.call('HGET', lease, 'note') or ''

if seconds == 0 then
  if mine then
    redis.call('HSET', lease, 'until', '0')
  end
  return {'0', fence, epoch, note}
end
if not mine and not free then
  return {'0', fence, epoch, note}
end
-- A lease that has run out counts as a new one, even for the same holder: another may
-- have had it meanwhile.
if not mine or free then
  redis.call('HINCRBY', lease, 'fence', 1)
  fence = redis.call('HGET', lease, 'fence')
end
redis.call('HSET', lease, 'holder', me, 'until', tostring(now + seconds))
if ARGV[3] ~= '' then
  redis.call('HSET', lease, 'note', ARGV[3])
end
return {'1', fence, epoch, note}
