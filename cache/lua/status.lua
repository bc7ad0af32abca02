-- One session's fields together with its error groups, as of one moment.
--
-- KEYS     the session, its extras, long texts, groups, errors, frozen groups, frozen
--          errors: every key that is touched
-- ARGV     ranks of the first and the last group, how many ids a group, how many bytes of
--          texts, then the fields wanted
-- Returns  {fields, number of groups, BOS's saved status or "", group, ...}, each group
--          being {group key, minus its size, its text if kept apart, {member, ...}}; it
--          stops before the group whose text would be too much

local session, extras, texts, groups, members = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local frozen = redis.call('HEXISTS', session, SESSION.frozenAt) == 1
if frozen then
  groups, members = KEYS[6], KEYS[7]
end

local answer = {
  redis.call('HMGET', session, unpack(ARGV, 5)),
  redis.call('ZCARD', groups),
  frozen and redis.call('HGET', extras, EXTRAS.saved) or '',
}
local top = redis.call('ZRANGE', groups, ARGV[1], ARGV[2], 'WITHSCORES')
local room = tonumber(ARGV[4])
for i = 1, #top, 2 do
  local digest = string.sub(top[i], -22)
  room = room - redis.call('HSTRLEN', texts, digest)
  if room < 0 then break end
  answer[#answer + 1] = {
    top[i],
    top[i + 1],
    redis.call('HGET', texts, digest) or '',
    redis.call('ZRANGEBYLEX', members, '[' .. digest .. ' ', '(' .. digest .. '!', 'LIMIT', 0, ARGV[3]),
  }
end
return answer
