-- One atomic write: everything below happens, or nothing does.
--
-- The script knows nothing of what it writes. It compares versions, runs the
-- commands it is given, counts texts that are referred to, and gives every
-- touched scope a revision, a change-log entry and a notice.
--
-- KEYS[1]     the namespace's meta hash
-- KEYS[2..]   the versioned values that this write depends on. All other keys
--             are derived from the prefix and share the hash tag of KEYS[1].
-- ARGV        write id, prefix, how long an answer is kept (ms), the final state's
--             name, change-log length, change-log life (ms), version of the key
--             schema, the time (ms), least time between two samples (ms), how many
--             are kept; then five lists, each headed by its length:
--   values    one a versioned value: version expected ("" for absent),
--             new value ("" to delete)
--   guards    hash, field, expected ("" for absent)
--   commands  number of words, words...; a member that ZINCRBY brings to 0 goes
--   texts     digest, by how much its references change, the text
--   scopes    scope, changed ids, removed ids, flags: r its record changed, c freeze
--             it if it is armed and nothing is active, f freeze it; then how many
--             counters change, and of each its place in COUNTERS and by how much
--
-- Returns     {"ok", revision}       written (or: was written by an earlier call
--                                    with this write id)
--             {"conflict"}           a version or guard differs; nothing changed
--             {"empty"}              the namespace is not initialised
--             {"schema", version}    the namespace has another key schema

local meta, id, p, final = KEYS[1], ARGV[1], ARGV[2], ARGV[4]

local done = redis.call('GET', p .. 'w:' .. id)
if done then
  return {'ok', done}
end
local schema = redis.call('HGET', meta, 'schema')
if not schema then
  return {'empty'}
elseif schema ~= ARGV[7] then
  return {'schema', schema}
end

local at = 11
local function list()
  local n = tonumber(ARGV[at])
  at = at + 1
  return n
end

-- Lua's stack bounds how many values one call can take.
local CHUNK = 1000

local values = list()
local first = at
for from = 1, values, CHUNK do
  local to = math.min(from + CHUNK - 1, values)
  local now = redis.call('MGET', unpack(KEYS, from + 1, to + 1))
  for i = from, to do
    local v = now[i - from + 1]
    local version = ''
    if v then
      version = string.sub(v, 1, string.find(v, ' ', 1, true) - 1)
    end
    if version ~= ARGV[at] then
      return {'conflict'}
    end
    at = at + 2
  end
end

for _ = 1, list() do
  if (redis.call('HGET', ARGV[at], ARGV[at + 1]) or '') ~= ARGV[at + 2] then
    return {'conflict'}
  end
  at = at + 3
end

-- Everything is as expected: from here on the write happens. The revision is
-- read back as text: numbers of that size print differently in every Lua.
redis.call('HINCRBY', meta, 'rev', 1)
local rev = redis.call('HGET', meta, 'rev')

local set = {}
for i = 1, values do
  local v = ARGV[first + 2 * i - 1]
  if v == '' then
    redis.call('DEL', KEYS[i + 1])
  else
    set[#set + 1] = KEYS[i + 1]
    set[#set + 1] = rev .. ' ' .. v
  end
  if #set > 0 and (#set >= CHUNK or i == values) then
    redis.call('MSET', unpack(set))
    set = {}
  end
end

for _ = 1, list() do
  local n = tonumber(ARGV[at])
  local reply = redis.call(unpack(ARGV, at + 1, at + n))
  if ARGV[at + 1] == 'ZINCRBY' and tonumber(reply) == 0 then
    redis.call('ZREM', ARGV[at + 2], ARGV[at + 4])
  end
  at = at + n + 1
end

local refs, texts = p .. 'tr', p .. 'tx'
for _ = 1, list() do
  local digest = ARGV[at]
  if redis.call('HINCRBY', refs, digest, ARGV[at + 1]) <= 0 then
    redis.call('HDEL', refs, digest)
    redis.call('HDEL', texts, digest)
  elseif ARGV[at + 2] ~= '' then
    redis.call('HSETNX', texts, digest, ARGV[at + 2])
  end
  at = at + 3
end

local COUNTERS = {'m', 't', 's', 'f', 'c', 'o', 'p', 'a', 'b'}

-- What the field w of a session says; it is absent where there is no session.
local ARMED, FROZEN, RUNNING = '1', '2', '3'

-- freeze keeps a scope's counters and error groups as they are now, once.
local function freeze(scope, key)
  if redis.call('HGET', key, 'w') == FROZEN then
    return
  end
  local time = redis.call('TIME')
  local keep = {'z', time[1] .. '.' .. time[2], 'st', final, 'w', FROZEN, 'v', rev, 'Fr', rev}
  local counts = redis.call('HMGET', key, unpack(COUNTERS))
  for i, name in ipairs(COUNTERS) do
    keep[#keep + 1] = 'F' .. name
    keep[#keep + 1] = counts[i] or '0'
  end
  redis.call('HSET', key, unpack(keep))
  redis.call('COPY', p .. 'g:' .. scope, p .. 'fg:' .. scope)
  redis.call('COPY', p .. 'e:' .. scope, p .. 'fe:' .. scope)
  for _, group in ipairs(redis.call('ZRANGE', p .. 'fg:' .. scope, 0, -1)) do
    local digest = string.sub(group, -22)
    if redis.call('HEXISTS', refs, digest) == 1 then
      redis.call('HINCRBY', refs, digest, 1)
    end
  end
  redis.call('ZADD', p .. 'rx', time[1], redis.call('HGET', key, 'i') .. ':' .. scope)
end

local now, most = tonumber(ARGV[8]), tonumber(ARGV[10])

-- The number that a text begins with.
local function number(text)
  return tonumber(string.sub(text, 1, string.find(text, ' ', 1, true) - 1))
end

-- thin drops samples that are too near to those before: at ever larger distances,
-- until a quarter of them has gone.
local function thin(course, gap)
  local samples, kept = redis.call('LRANGE', course, 0, -1), nil
  repeat
    gap = 2 * gap
    kept = {samples[1]}
    local last = number(samples[1])
    for i = 2, #samples do
      local time = number(samples[i])
      if time - last >= gap then
        kept[#kept + 1], last = samples[i], time
      end
    end
  until #kept <= 0.75 * #samples
  redis.call('DEL', course)
  redis.call('RPUSH', course, unpack(kept))
  return gap
end

-- sample keeps a scope's counters as they are now. pace tells how far apart samples
-- are to be.
local function sample(scope, key, pace)
  local gap = tonumber(ARGV[9])
  if pace then
    gap = tonumber(string.sub(pace, string.find(pace, ' ', 1, true) + 1, -1))
  end
  local course, taken = p .. 'co:' .. scope, ARGV[8]
  for i, count in ipairs(redis.call('HMGET', key, unpack(COUNTERS))) do
    taken = taken .. ' ' .. (count or '0')
  end
  if redis.call('RPUSH', course, taken) >= most then
    gap = thin(course, gap)
  end
  redis.call('HSET', key, 'k', now + gap - 1 .. ' ' .. gap) -- the last moment without one
end

for _ = 1, list() do
  local scope, changed, removed, flags = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  at = at + 4
  local key = p .. 's:' .. scope
  local record, check, force = false, false, false
  if flags ~= '' then
    record, check = string.find(flags, 'r', 1, true), string.find(flags, 'c', 1, true)
    force = string.find(flags, 'f', 1, true)
  end

  -- What is needed is read in one call and what changes is set in another: a batch
  -- may touch hundreds of scopes. Counts are small: unlike revisions they print
  -- the same everywhere.
  local fields, by = check and {'w', 'k', 'a'} or {'w', 'k'}, {}
  local known = #fields
  for i = 1, list() do
    fields[known + i], by[i] = COUNTERS[tonumber(ARGV[at])], tonumber(ARGV[at + 1])
    at = at + 2
  end
  local has = redis.call('HMGET', key, unpack(fields))
  local session, pace, active = has[1], has[2], has[3] or '0'
  local set = {'r', rev}
  for i, change in ipairs(by) do
    local field, count = fields[known + i], tostring((has[known + i] or 0) + change)
    set[2 * i + 1], set[2 * i + 2] = field, count
    if field == 'a' then
      active = count
    end
  end
  if session and record then
    set[#set + 1] = 'v'
    set[#set + 1] = rev
  end
  redis.call('HSET', key, unpack(set))
  if not session and (redis.call('HGET', key, 'm') or '0') == '0' then
    redis.call('DEL', key) -- nobody counts here and no session is here
  end
  if session then
    local log = p .. 'log:' .. scope
    if changed ~= '' or removed ~= '' then
      local length = redis.call('RPUSH', log, rev .. ' ' .. changed .. ' ' .. removed)
      if length > 2 * ARGV[5] then -- seldom: it keeps at least as many as it shall
        redis.call('LTRIM', log, '-' .. ARGV[5], -1)
      end
    end
    if force or (check and session == ARMED and active == '0') then
      freeze(scope, key)
      session, record = FROZEN, true
    end
    -- Moments have as many digits each, so texts compare as they do. No more than this
    -- is done where no sample is due, which is nearly always.
    if (session == ARMED or session == RUNNING) and not (pace and pace > ARGV[8]) then
      sample(scope, key, pace)
    end
    if session == FROZEN then -- nobody has to follow it for long any more
      redis.call('PEXPIRE', log, ARGV[6])
    end
    redis.call('PUBLISH', p .. 'n:' .. scope, rev)
  end
  if record then
    redis.call('PUBLISH', p .. 'sessions', rev .. ' ' .. scope)
    if not session then
      redis.call('PUBLISH', p .. 'n:' .. scope, rev)
    end
  end
end

redis.call('SET', p .. 'w:' .. id, rev, 'PX', ARGV[3])
return {'ok', rev}
