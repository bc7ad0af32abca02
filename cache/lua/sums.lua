-- What the components of one session add up to, beside what is stored, as of one
-- moment. It blocks Redis for as long as it takes to read them all.
--
-- KEYS[1]  the hash of the session
-- ARGV     prefix, scope, session name, then the fields of the counters
-- Returns  {counters, groups and minus their sizes, marks and how many have them,
--          errors and how many have them, how many are staged, how many both}
--          An error is a text, or "L" and the digest of a long one, or "S" and the
--          text of a short one.

local p, scope, name = ARGV[1], ARGV[2], ARGV[3]
local CHUNK = 1000

-- The fields of a record, as cache/record.go numbers them, from 1.
local FLAGS, MARKS, SESSION, STAGED, ERROR = 1, 2, 3, 4, 7

local function fields(value)
  local found, from = {}, string.find(value, ' ', 1, true) + 1
  for i = 1, ERROR do
    local to = string.find(value, '\0', from, true)
    found[i] = string.sub(value, from, to - 1)
    from = to + 1
  end
  return found
end

-- each calls visit with the fields of every component in a sorted set.
local function each(key, visit)
  local from = 0
  while true do
    local ids = redis.call('ZRANGE', key, from, from + CHUNK - 1)
    if #ids == 0 then
      return
    end
    for i, id in ipairs(ids) do
      ids[i] = p .. 'c:' .. id
    end
    for _, value in ipairs(redis.call('MGET', unpack(ids))) do
      if value then
        visit(fields(value))
      end
    end
    from = from + CHUNK
  end
end

local marks, errors, staged, both = {}, {}, 0, 0

each(p .. 'm:' .. scope, function(f)
  if f[SESSION] ~= name then
    return
  end
  marks[f[MARKS]] = (marks[f[MARKS]] or 0) + 1
  if f[ERROR] ~= '' then
    local kind = string.find(f[FLAGS], 'L', 1, true) and 'L' or 'S'
    errors[kind .. f[ERROR]] = (errors[kind .. f[ERROR]] or 0) + 1
  end
end)
each(p .. 'st:' .. scope, function(f)
  if f[STAGED] == name then
    staged = staged + 1
    if f[SESSION] == name then
      both = both + 1
    end
  end
end)

local function flat(counts)
  local list = {}
  for what, n in pairs(counts) do
    list[#list + 1] = what
    list[#list + 1] = tostring(n)
  end
  return list
end

return {
  redis.call('HMGET', KEYS[1], unpack(ARGV, 4)),
  redis.call('ZRANGE', p .. 'g:' .. scope, 0, -1, 'WITHSCORES'),
  flat(marks),
  flat(errors),
  tostring(staged),
  tostring(both),
}
