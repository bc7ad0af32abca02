-- Takes the lease of a namespace, renews it, or gives it up. Time is Redis' own, in
-- whole seconds: larger numbers print differently in every Lua.
--
-- KEYS[1]  the lease, KEYS[2] the namespace's meta hash
-- ARGV     who asks, for how many seconds (0 gives it up), what it has to say
--          ("" leaves what was said), the fence of a tenure that begins with this call
-- Returns  {"1" if it has the lease now or else "0", fence, epoch, note or "",
--           how many seconds ago the note was left or ""}, or {"unproven"} if
--          lua/epoch.lua has to run first

local lease, me, seconds = KEYS[1], ARGV[1], tonumber(ARGV[2])
local id, failed = history()
if failed then
  return failed
end
local meta = redis.call('HMGET', KEYS[2], META.epoch, META.history)
local epoch = meta[1]
if not epoch or meta[2] ~= id then
  return {'unproven'}
end
local now = tonumber(redis.call('TIME')[1])
local has = redis.call('HMGET', lease, LEASE.holder, LEASE.expires, LEASE.fence, LEASE.epoch, LEASE.noted)
-- A lease that lasts longer than any is given was given by a clock that was ahead: that of
-- another Redis, before a failover.
local mine, last = has[1] == me, tonumber(has[2] or '0')
local free = last <= now or (seconds > 0 and last > now + seconds)
local fence, same = has[3] or '', has[4] == epoch
local age = has[5] and tostring(now - tonumber(has[5])) or ''
local note = redis.call('HGET', lease, LEASE.note) or ''

if seconds == 0 then
  if mine then
    redis.call('HSET', lease, LEASE.expires, '0')
  end
  return {'0', fence, epoch, note, age}
end
if not mine and not free then
  return {'0', fence, epoch, note, age}
end
-- A lease that has run out counts as a new one, even for the same holder: another may
-- have had it meanwhile. So does one of another epoch: what its holder believes to have
-- written may be lost, and so may what it says of it, while the stored note fits the data.
if not mine or free or not same then
  fence = ARGV[4]
end
redis.call('HSET', lease, LEASE.holder, me, LEASE.expires, tostring(now + seconds), LEASE.fence, fence, LEASE.epoch, epoch)
if ARGV[3] ~= '' and (same or not mine or free) then
  redis.call('HSET', lease, LEASE.note, ARGV[3], LEASE.noted, tostring(now))
end
return {'1', fence, epoch, note, age}
