-- One session's fields together with its error groups, as of one moment.
--
-- KEYS[1]  the hash of the session
-- ARGV     prefix, home of the session, how many groups, how many ids a group,
--          then the fields wanted
-- Returns  {fields, number of groups, BOS's saved status or "", group, ...}, each group
--          being {group key, minus its size, its text if kept apart, {member, ...}}

local p, home = ARGV[1], ARGV[2]
local frozen = redis.call('HEXISTS', KEYS[1], 'z') == 1
local groups = p .. (frozen and 'fg:' or 'g:') .. home
local members = p .. (frozen and 'fe:' or 'e:') .. home

local answer = {
  redis.call('HMGET', KEYS[1], unpack(ARGV, 5)),
  redis.call('ZCARD', groups),
  frozen and redis.call('HGET', p .. 'x:' .. home, 'saved') or '',
}
local top = redis.call('ZRANGE', groups, 0, tonumber(ARGV[3]) - 1, 'WITHSCORES')
for i = 1, #top, 2 do
  local digest = string.sub(top[i], -22)
  answer[#answer + 1] = {
    top[i],
    top[i + 1],
    redis.call('HGET', p .. 'tx', digest) or '',
    redis.call('ZRANGEBYLEX', members, '[' .. digest .. ' ', '(' .. digest .. '!', 'LIMIT', 0, ARGV[4]),
  }
end
return answer
