-- Returns how far a namespace is. If this server is not proven to have all that was
-- written in the epoch that is stored, another one begins before that.
--
-- KEYS[1]  the namespace's meta hash
-- KEYS[2]  the epoch again, to be read with records; left out by those who only ask, for
--          while a slot moves the two may be in different places
-- ARGV     version of the key schema, the epoch to begin if one has to begin, then an
--          epoch and a revision of it that somebody has seen ("" and 0 for nobody)
-- Returns  {schema version, epoch, revision}, or {"unproven"} if an epoch has to begin and
--          there is no KEYS[2]

local id, failed = history()
if failed then
  return failed
end
local has = redis.call('HMGET', KEYS[1], META.schema, META.epoch, META.revision, META.history)
local schema, epoch, rev = has[1] or ARGV[1], has[2] or '', has[3] or '0'
if schema ~= ARGV[1] then
  return {schema, epoch, rev}
end
-- Less than was seen: somebody has put older data into this very server.
local less = epoch == ARGV[3] and tonumber(rev) < tonumber(ARGV[4])
if has[4] ~= id or less or epoch == '' or (KEYS[2] and redis.call('GET', KEYS[2]) ~= epoch) then
  if not KEYS[2] then
    return {'unproven'}
  end
  epoch = ARGV[2]
  redis.call('HSET', KEYS[1], META.schema, schema, META.epoch, epoch, META.revision, rev, META.history, id)
  redis.call('SET', KEYS[2], epoch)
end
return {schema, epoch, rev}
