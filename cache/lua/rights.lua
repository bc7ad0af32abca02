-- Returns those of some commands that this user may not run here, or that the server does
-- not know: nothing is run.
--
-- KEYS[1]  a key of the namespace, for a cluster
-- ARGV     the commands, each headed by its number of words
-- Returns  the number of each in the list, from 1 on; negative if it is not known

local lacking, at, number = {}, 1, 1
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  local known, allowed = pcall(redis.acl_check_cmd, unpack(ARGV, at + 1, at + words))
  if not known then
    lacking[#lacking + 1] = -number
  elseif not allowed then
    lacking[#lacking + 1] = number
  end
  at, number = at + 1 + words, number + 1
end
return lacking
