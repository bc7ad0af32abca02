-- Atomic writes of several callers, one after the other: each happens as a whole, or not at all, whatever becomes of the others.
--
-- META, SESSION, MODE, COUNTER, CABINET_MARK, AT_LEAST, FLAG, ENTRY, EVENT, SHOWN, RECORD_NOTICE, OUTBOX_LENGTH, PACK_SIZE, STAYS_LENGTH and
-- WAIT_SPAN are put in as literals when the program starts, from internal/schema.
--
-- The script knows nothing of what it writes. Of each change it compares versions, runs the
-- commands it is given, counts texts that are referred to, and gives every
-- touched scope a revision and a change-log entry. One notice says what all of them have changed.
--
-- KEYS[1]     the namespace's meta hash
-- KEYS[2..6]  long texts, the references to them, the list of frozen sessions, the batches that are whole, the outbox
-- KEYS[7..]   those of one change after the other, of each:
--   1         the answer of this change, which is there if it has run before
--   2..       the versioned values that it depends on, and those without a version; then what guards name
--             by its number, and commands one after the other; then, from the number at the head of the
--             list of scopes on, of each scope its session, log and progress and, with
--             the flags check, freeze or keep, groups, errors, failed ones, members, staged and
--             active ones, all of these but the last as frozen, and the counters of its cabinets as frozen.
--             Keys are counted from the change's first one on.
--             Every key that is touched is among them. No answer exists before the
--             change, so that a Redis Cluster refuses the script for as long as
--             it moves the slot: it never runs where only some of the keys are.
-- ARGV        how long an answer is kept (ms), the final state's name, change-log
--             length, change-log life (ms), version of the key schema,
--             least time between two samples (ms), how many are kept, the channel
--             of notices; then how many changes there are, of each how
--             many keys and how many words it has, and the words of one after the other:
--             the epoch that it was decided in ("" for any), the time (ms), the percentages of
--             failures that events are noted for ("0 10": from the first failure on, and above
--             10; "" to note no events at all); how many of the values have this change's own version, 0
--             for too few to note it, and that version; then seven lists, each headed by its length, the
--             first two by both lengths:
--   values    the new versioned values, each with its version and a space in front ("" to delete)
--   plain     the new values without a version ("" to delete)
--   versions  (without a length: one for each of the values) what these have to begin with until now,
--             a version and a space ("" for absent); one that several have, one after the other, is there
--             once, behind "*" and how many; "-" is in front of those that no batch has
--   guards    hash, field, expected ("" for absent)
--   ends      of scopes that are frozen if they are armed and nothing is active in them any more: the number of the
--             session's key, and by how much its counters change. Nearly always none is, so the dozen keys that it
--             takes to freeze one are sent only when the script has said so
--   commands  (behind the length: the number of the last key before theirs) a head and words: the head is
--             the command, how many words there are, and for its key "=" if that is the last one named
--             before or "+" if it is the next one: "ZADD 2+". COPY has a second key; ZADD and ZINCRBY have
--             one score for all the members behind it; a member that ZINCRBY brings to 0 goes; RPUSH has
--             one value, and how long (ms) the list is kept, of which the last STAYS_LENGTH values stay
--   texts     digest, by how much its references change, the text
--   scopes    (behind the length: the number of their first key, and with which letter a scope begins in the
--             key of its session) what the change log is to have
--             ("<ids changed> <ids removed>"), and a head: flags (FLAG), by how much which counters of those
--             that every status has change, and of the others ("rc p-1a-1 d+1"). record: its record changed; check: freeze it if it is armed and
--             nothing is active; freeze: as complete; keep: freeze it in the state that it has; revise:
--             its frozen status is another; start: it runs from now on; swept: a sweep of BOS has stored
--             all of it, and some failure may be news; past: its end is no news;
--             packed: one more word, of pairs: a field of the session's hash and by how much which of the
--             counters in it change, or AT_LEAST and what it is to be at least. They are those of a
--             cabinet (CABINET_MARK), or of a session, which count until it is frozen
--
-- Returns     what became of each change:
--             {"ok", revision}       written (or: was written by an earlier call
--                                    with the same answer)
--             {"conflict"}           a version, a guard or the epoch differs; nothing changed
--             {"ends"}               a scope of ends has to be frozen: nothing changed
--             {"unproven"}           nothing changed: lua/epoch.lua has to run first, for
--                                    this server is not proven to have all that was
--                                    written, or the namespace is empty
--             {"schema", version}    the namespace has another key schema
--             an error               of Redis: nothing changed, unless it is one of a key of another type

-- What is called thousands of times is not looked up each time.
local KEYS, ARGV, call = KEYS, ARGV, redis.call
local byte, find, format, gmatch, match, sub = string.byte, string.find, string.format, string.gmatch, string.match, string.sub

local meta, texts, refs, ended, batches, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local COMMON = 6 -- keys that are those of all changes
local most, longLog = tonumber(ARGV[7]), 2 * ARGV[3]

-- Of the change that is being made: its moment, the percentages of failures, and its revision, which is there when the first change
-- is made. It is a table because the embedded Redis' Lua takes variables from the functions that share them when an error is caught.
local change = {}

-- The lines of the notice.
local notice = {}

-- Lua's stack bounds how many values one call can take.
local CHUNK = 1000

-- once makes a function that reads each word only once: most words of a write are one of few.
local function once(read)
  local all = {}
  return function(word)
    local one = all[word]
    if not one then
      one = read(word)
      all[word] = one
    end
    return one
  end
end

-- text is a small number as a text: most are one of few, and to print one takes as long as a call of Redis.
local text = once(tostring)

-- commandOf is what the head of a command says.
local commandOf = once(function(head)
  local name, words, step, second = match(head, '^(%a+) (%d+)([+=])([+=]?)$')
  return {name = name, words = tonumber(words), step = step == '+' and 1 or 0, second = second == '+' and 1 or 0}
end)

-- note puts an event of a session into the outbox, with its status as it is now: it may be
-- deleted before anybody sends the event.
local function note(event, key, scope, share)
  if call('XLEN', outbox) >= OUTBOX_LENGTH then
    call('HINCRBY', meta, META.unnoted, 1)
    return
  end
  local entry = {ENTRY.event, event, ENTRY.scope, scope, ENTRY.time, change.moment}
  if share then
    entry[7], entry[8] = ENTRY.above, share
  end
  local shown = SHOWN
  for i, value in ipairs(call('HMGET', key, unpack(shown))) do
    if value then
      entry[#entry + 1], entry[#entry + 2] = shown[i], value
    end
  end
  call('XADD', outbox, '*', unpack(entry))
end

-- counted is a number among packed counters.
local function counted(counts, counter)
  return tonumber(match(counts, counter .. '(%-?%d+)') or 0)
end

-- noteFailures notes, once each, which percentages the failures of a session exceed.
local function noteFailures(key, scope)
  local has = call('HMGET', key, SESSION.counters, SESSION.noted)
  local failed, managed, noted = counted(has[1] or '', COUNTER.failed), counted(has[1] or '', COUNTER.managed), tonumber(has[2] or '-1')
  for share in gmatch(change.shares, '%d+') do
    if tonumber(share) > noted and failed * 100 > tonumber(share) * managed then
      call('HSET', key, SESSION.noted, share)
      note(share == '0' and EVENT.firstFailure or EVENT.failuresAbove, key, scope, share)
    end
  end
end

-- Keys of a scope that are copied when its session is frozen, error groups first. Behind them come members, staged and
-- active ones, of which less is kept, and only of so many components, as Redis does nothing else meanwhile.
local COPIED, MOST_FROZEN = 3, 100000
local SNAPSHOT = COPIED + 3 + COPIED + 3 -- all keys that a snapshot is made of and kept in

-- How many members are read at a time: whole packs.
local PAGE = 250 * PACK_SIZE

-- appendWaits puts behind ids what they wait for, if they are active.
local function appendWaits(ids, active)
  for from = 1, #ids, CHUNK do
    for i, score in ipairs(call('ZMSCORE', active, unpack(ids, from, math.min(from + CHUNK - 1, #ids)))) do
      if score then
        ids[from + i - 1] = ids[from + i - 1] .. ' ' .. math.floor(score / WAIT_SPAN)
      end
    end
  end
end

-- pack keeps the members of a sorted set in packs (schema.Packed). active is the set of those of which it keeps what they wait for;
-- nil for none.
local function pack(members, packs, active)
  for from = 0, call('ZCARD', members) - 1, PAGE do
    local ids, add = call('ZRANGE', members, from, from + PAGE - 1), {}
    if active then
      appendWaits(ids, active)
    end
    for i = 1, #ids, PACK_SIZE do
      add[#add + 1], add[#add + 2] = '0', table.concat(ids, '\n', i, math.min(i + PACK_SIZE - 1, #ids))
    end
    call('ZADD', packs, unpack(add))
  end
end

-- What fields of cabinets begin with.
local OF_CABINET = byte(CABINET_MARK)

-- keepCabinets copies the counters of cabinets out of the hash of a session.
local function keepCabinets(key, frozen)
  local all, counts, n = call('HGETALL', key), {}, 0
  for i = 1, #all, 2 do
    if byte(all[i]) == OF_CABINET then
      counts[n + 1], counts[n + 2] = sub(all[i], 2), all[i + 1]
      n = n + 2
    end
  end
  for from = 1, n, CHUNK do
    call('HSET', frozen, unpack(counts, from, math.min(from + CHUNK - 1, n)))
  end
end

-- freeze keeps a scope's counters, error groups and components as they are now, once. from is the
-- number of the scope's first key, state what the session has come to: nil where it
-- ends as it is; past where that is no news.
local function freeze(scope, from, state, past)
  local key = KEYS[from]
  local now = from + 3 -- the first key of what is frozen
  local members, staged, active = KEYS[now + COPIED], KEYS[now + COPIED + 1], KEYS[now + COPIED + 2]
  local frozen = now + COPIED + 3 -- and the first that it is frozen as
  if call('HGET', key, SESSION.mode) == MODE.frozen then
    return
  end
  local time = call('TIME')
  local counts = call('HMGET', key, SESSION.counters, SESSION.separate)
  call('HSET', key, SESSION.frozenAt, time[1] .. '.' .. time[2], SESSION.mode, MODE.frozen, SESSION.version, change.rev, SESSION.frozenRevision, change.rev,
    SESSION.frozenCounters, counts[1] or '', SESSION.frozenSeparate, counts[2] or '')
  if state then
    call('HSET', key, SESSION.state, state)
  end
  for i = 0, COPIED - 1 do
    call('COPY', KEYS[now + i], KEYS[frozen + i])
  end
  if call('ZCARD', members) + call('ZCARD', staged) <= MOST_FROZEN then
    pack(members, KEYS[frozen + COPIED], call('ZCARD', active) > 0 and active)
    pack(staged, KEYS[frozen + COPIED + 1])
  end
  keepCabinets(key, KEYS[frozen + COPIED + 2])
  for _, group in ipairs(call('ZRANGE', KEYS[frozen], 0, -1)) do
    local digest = sub(group, -22)
    if call('HEXISTS', refs, digest) == 1 then
      call('HINCRBY', refs, digest, 1)
    end
  end
  call('ZADD', ended, time[1], call('HGET', key, SESSION.incarnation) .. ':' .. scope)
  if change.shares ~= '' and not past then
    note(EVENT.completed, key, scope)
  end
end

-- The number that a text begins with.
local function number(text)
  return tonumber(sub(text, 1, find(text, ' ', 1, true) - 1))
end

-- thin drops samples that are too near to those before: doubling the distance
-- until a quarter of them is dropped.
local function thin(progress, gap)
  local samples, retained = call('LRANGE', progress, 0, -1), nil
  repeat
    gap = 2 * gap
    retained = {samples[1]}
    local last = number(samples[1])
    for i = 2, #samples do
      local time = number(samples[i])
      if time - last >= gap then
        retained[#retained + 1], last = samples[i], time
      end
    end
  until #retained <= 0.75 * #samples
  call('DEL', progress)
  call('RPUSH', progress, unpack(retained))
  return gap
end

-- sample adds a scope's counters as they are now to its progress. pace says how far apart
-- samples are to be.
local function sample(progress, key, pace)
  local gap = tonumber(ARGV[6])
  if pace then
    gap = tonumber(sub(pace, find(pace, ' ', 1, true) + 1, -1))
  end
  local counts = call('HMGET', key, SESSION.counters, SESSION.separate)
  if call('RPUSH', progress, change.moment .. ' ' .. (counts[1] or '') .. ' ' .. (counts[2] or '')) >= most then
    gap = thin(progress, gap)
  end
  call('HSET', key, SESSION.sampled, change.moment + gap - 1 .. ' ' .. gap) -- the last moment without one
end

-- moves are the counters in a word, each with the number behind it. Among packed ones it is found by a pattern, is alone where it was 0, and
-- goes where it is brought back to that. Or the word says what a number is to be at least.
local moves = once(function(word)
  local all = {made = {}, least = match(word, '^' .. AT_LEAST .. '(%d+)')}
  for counter, by in gmatch(word, '(%a)([+-]%d+)') do
    by = tonumber(by)
    all[#all + 1] = {by = by, pattern = counter .. '(%-?%d+)', alone = counter .. by, back = tostring(-by)}
  end
  return all
end)

-- moved is what is stored of packed counters ("p3c12", without what is 0), or of a number, after those moves.
local function moved(counts, all)
  local from, made, least = counts, all.made, all.least
  if made[from] then
    return made[from]
  end
  if least and (tonumber(from) or -1) < tonumber(least) then
    counts = least
  end
  for i = 1, #all do
    local move = all[i]
    local first, last, count = find(counts, move.pattern)
    if not first then
      counts = counts .. move.alone
    elseif count == move.back then
      counts = sub(counts, 1, first - 1) .. sub(counts, last + 1)
    else
      counts = sub(counts, 1, first) .. text(count + move.by) .. sub(counts, last + 1)
    end
  end
  made[from] = counts
  return counts
end

-- packed are the fields in a word, and the moves of each.
local packed = once(function(word)
  local all = {fields = {}, moves = {}}
  for field, by in gmatch(word, '(%S+) (%S+)') do
    all.fields[#all.fields + 1], all.moves[#all.moves + 1] = field, moves(by)
  end
  return all
end)

-- read returns the first n of these fields of a hash.
local function read(key, fields, n)
  if n <= CHUNK then
    return call('HMGET', key, unpack(fields, 1, n))
  end
  local all = {}
  for from = 1, n, CHUNK do
    for _, value in ipairs(call('HMGET', key, unpack(fields, from, math.min(from + CHUNK - 1, n)))) do
      all[#all + 1] = value
    end
  end
  return all
end

-- headOf is what a head says: its flags, how many keys its scope has, the fields of the session that are needed (the last number of them
-- is size), and the moves of its counters and of the separate ones.
local headOf = once(function(word)
  local flags, counts, others = match(word, '^(%a*) (%S*) (%S*)$')
  local head = {keys = 3, fields = {SESSION.mode, SESSION.sampled, SESSION.counters}, moves = moves(counts)}
  for flag in gmatch(flags, '%a') do
    head[flag] = true
  end
  if head[FLAG.check] or head[FLAG.freeze] or head[FLAG.keep] then
    head.keys = head.keys + SNAPSHOT
  end
  if others ~= '' then
    head.fields[4], head.others = SESSION.separate, moves(others)
  end
  head.fails = find(counts, COUNTER.failed, 1, true) or find(counts, COUNTER.managed, 1, true)
  head.size = #head.fields
  return head
end)

-- proven is how far the namespace is, if this server is proven to have all of it; else what becomes of a change.
local function proven()
  local server, failed = history()
  if failed then
    return nil, failed
  end
  local has = call('HMGET', meta, META.schema, META.history, META.epoch, META.revision, META.batched)
  if has[1] and has[1] ~= ARGV[5] then
    return nil, {'schema', has[1]}
  elseif has[2] ~= server then
    return nil, {'unproven'}
  end
  return {epoch = has[3] or '', current = has[4] == has[5]}
end

local tried = false

-- forbidden is the error of a right that is missing, if one is. Redis checks the rights of an ACL user command by command, so one
-- that is missing would stop a change half-way and leave half of it. All are tried before the
-- first change. The embedded Redis has neither users nor this function.
local function forbidden()
  if tried or not redis.acl_check_cmd then
    return nil
  end
  for _, command in ipairs({
    'COPY', 'DEL', 'GET', 'HDEL', 'HEXISTS', 'HGET', 'HGETALL', 'HINCRBY', 'HMGET', 'HSET', 'HSETNX', 'LRANGE', 'LTRIM', 'MGET',
    'MSET', 'PEXPIRE', 'RPUSH', 'SET', 'TIME', 'XADD', 'XDEL', 'XLEN', 'ZADD', 'ZCARD', 'ZINCRBY', 'ZMSCORE', 'ZRANGE', 'ZREM',
  }) do
    if not redis.acl_check_cmd(command, meta, meta, meta) then
      return redis.error_reply('NOPERM this user may not run ' .. command .. ' on keys of the namespace')
    end
  end
  if not redis.acl_check_cmd('PUBLISH', ARGV[8], '') then
    return redis.error_reply('NOPERM this user may not publish to the channels of the namespace')
  end
  tried = true
end

-- apply makes one change. base is the number of the last key before its own, at that of its first word, is what was proven.
local function apply(base, at, is)
  local epoch, moment, shares, batched, version = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  at = at + 5
  if epoch ~= '' and epoch ~= is.epoch then
    return {'conflict'}
  end

  change.moment = moment
  change.shares = shares

  local function int() -- the next word, a number
    local n = tonumber(ARGV[at])
    at = at + 1
    return n
  end

  local values = int()
  local plain = int()
  local first = at
  at = at + values + plain
  local names, expected, unsure = {}, {}, 0 -- of values that are read
  local function look(key, n, version) -- at n values, the first behind that key
    for k = 1, n do
      names[unsure + k], expected[unsure + k] = KEYS[key + k], version
    end
    unsure = unsure + n
  end

  -- A version is that of one write. As many values as that write made are all of them, and while its batch is whole, none
  -- has been changed since: only others are read. An earlier version of this program writes without keeping what is whole.
  local versions, has, before, runs = {}, {}, {}, 0 -- of what may be a batch: how many values have that version, and the key before
  local key, last = base + 1, base + 1 + values
  while key < last do
    local version, n = ARGV[at], 1
    if byte(version) == 42 then -- "*"
      n = tonumber(sub(version, 2))
      at = at + 1
      version = ARGV[at]
    end
    if version == '' or byte(version) == 45 then -- "-"
      look(key, n, version)
    else
      runs = runs + 1
      versions[runs], has[runs], before[runs] = version, n, key
    end
    at = at + 1
    key = key + n
  end
  local broken = {}
  for from = 1, runs, CHUNK do
    for i, size in ipairs(call('HMGET', batches, unpack(versions, from, math.min(from + CHUNK - 1, runs)))) do
      local run = from + i - 1
      broken[#broken + 1] = size and versions[run] or nil
      if not (is.current and size and tonumber(size) == has[run]) then
        look(before[run], has[run], versions[run])
      end
    end
  end
  for from = 1, unsure, CHUNK do
    for i, value in ipairs(call('MGET', unpack(names, from, math.min(from + CHUNK - 1, unsure)))) do
      local version = expected[from + i - 1]
      value = value or ''
      -- Found, and not cut off: each new string costs more than all else that is done for a value.
      if value ~= version and (version == '' or find(value, version, 1, true) ~= 1) then
        return {'conflict'}
      end
    end
  end

  for _ = 1, int() do
    if (call('HGET', KEYS[base + tonumber(ARGV[at])], ARGV[at + 1]) or '') ~= ARGV[at + 2] then
      return {'conflict'}
    end
    at = at + 3
  end

  for _ = 1, int() do
    local has = call('HMGET', KEYS[base + int()], SESSION.mode, SESSION.counters)
    if has[1] == MODE.armed and not find(moved(has[2] or '', moves(ARGV[at])), COUNTER.active, 1, true) then
      return {'ends'}
    end
    at = at + 1
  end

  local refusal = forbidden()
  if refusal then
    return refusal
  end

  -- Everything is as expected: from here on the write happens. The revision is a text: numbers of that size print
  -- differently in every Lua.
  local rev = format('%.0f', call('HINCRBY', meta, META.revision, 1))
  change.rev = rev
  notice[#notice + 1] = rev
  if not is.current then
    call('DEL', batches)
    is.current = true
  else
    for from = 1, #broken, CHUNK do
      call('HDEL', batches, unpack(broken, from, math.min(from + CHUNK - 1, #broken)))
    end
  end
  if batched ~= '0' then
    call('HSET', batches, version, batched)
  end

  local set, n = {}, 0
  for i = 1, values + plain do
    local key, value = KEYS[base + 1 + i], ARGV[first + i - 1]
    if value == '' then
      call('DEL', key)
    else
      set[n + 1], set[n + 2] = key, value
      n = n + 2
    end
    if n > 0 and (n >= CHUNK or i == values + plain) then
      call('MSET', unpack(set, 1, n))
      n = 0
    end
  end

  local members = {} -- of one command after the other
  local count = int()
  local named = base + int() -- the number of the last key that was named
  for _ = 1, count do
    local command = commandOf(ARGV[at])
    local name, last = command.name, at + command.words
    named = named + command.step
    local key = KEYS[named]
    if name == 'COPY' then
      named = named + command.second
      call(name, key, KEYS[named])
    elseif name == 'RPUSH' then
      if call(name, key, ARGV[at + 1]) > STAYS_LENGTH then
        call('LTRIM', key, -STAYS_LENGTH, -1)
      end
      call('PEXPIRE', key, ARGV[at + 2])
    elseif name == 'ZADD' then
      local score, m = ARGV[at + 1], 0
      for i = at + 2, last do
        members[m + 1], members[m + 2] = score, ARGV[i]
        m = m + 2
      end
      call(name, key, unpack(members, 1, m))
    elseif name == 'ZINCRBY' then
      for i = at + 2, last do
        if tonumber(call(name, key, ARGV[at + 1], ARGV[i])) == 0 then
          call('ZREM', key, ARGV[i])
        end
      end
    else
      call(name, key, unpack(ARGV, at + 1, last))
    end
    at = last + 1
  end

  for _ = 1, int() do
    local digest = ARGV[at]
    if call('HINCRBY', refs, digest, ARGV[at + 1]) <= 0 then
      call('HDEL', refs, digest)
      call('HDEL', texts, digest)
    elseif ARGV[at + 2] ~= '' then
      call('HSETNX', texts, digest, ARGV[at + 2])
    end
    at = at + 3
  end

  local set = {} -- of one scope after the other
  local scopes = int()
  local from = base + int()
  local begin = int()
  for _ = 1, scopes do
    local logged, head = ARGV[at], headOf(ARGV[at + 1])
    at = at + 2
    local first, key, log, progress = from, KEYS[from], KEYS[from + 1], KEYS[from + 2]
    local scope = sub(key, begin)
    local record, check = head[FLAG.record], head[FLAG.check]
    from = from + head.keys

    -- What is needed is read in one call and what changes is set in another: a batch
    -- may touch hundreds of scopes. Counts are small: unlike revisions they print
    -- the same everywhere.
    local fields, own = head.fields, head.size
    local size, more = own, nil
    if head[FLAG.packed] then -- behind the others, which stay: the next scope puts its own there
      more = packed(ARGV[at])
      for _, field in ipairs(more.fields) do
        size = size + 1
        fields[size] = field
      end
      at = at + 1
    end
    local has = read(key, fields, size)
    local session, pace, counts = has[1], has[2], moved(has[3] or '', head.moves)
    local n, empty = 4, nil
    set[1], set[2], set[3], set[4] = SESSION.revision, rev, SESSION.counters, counts
    if head.others then
      set[5], set[6], n = SESSION.separate, moved(has[4] or '', head.others), 6
    end
    for i = own + 1, size do
      local field = fields[i]
      if byte(field) == OF_CABINET or session and session ~= MODE.frozen then
        local value = moved(has[i] or '', more.moves[i - own])
        if value == '' then
          empty = empty or {}
          empty[#empty + 1] = field
        else
          set[n + 1], set[n + 2] = field, value
          n = n + 2
        end
      end
    end
    if session and record then
      set[n + 1], set[n + 2] = SESSION.version, rev
      n = n + 2
    end
    if session and head[FLAG.revise] then
      set[n + 1], set[n + 2] = SESSION.revised, rev
      n = n + 2
    end
    for i = 1, n, CHUNK do
      call('HSET', key, unpack(set, i, math.min(i + CHUNK - 1, n)))
    end
    for i = 1, empty and #empty or 0, CHUNK do
      call('HDEL', key, unpack(empty, i, math.min(i + CHUNK - 1, #empty)))
    end
    if not session and not find(counts, COUNTER.managed, 1, true) then
      call('DEL', key) -- nobody counts here and no session is here
    end
    if session then
      if logged ~= ' ' then
        local length = call('RPUSH', log, rev .. ' ' .. logged)
        if length > longLog then -- rarely: it keeps at least as many as it is to
          call('LTRIM', log, '-' .. ARGV[3], -1)
        end
      end
      if shares ~= '' then -- before it is frozen: what has failed until then comes first
        if head[FLAG.start] then
          note(EVENT.started, key, scope)
        end
        -- What BOS runs is stored in parts: the shares of one part are not those of the session.
        if head[FLAG.swept] or (record or head.fails) and session == MODE.armed then
          noteFailures(key, scope)
        end
      end
      if head[FLAG.freeze] or (check and session == MODE.armed and not find(counts, COUNTER.active, 1, true)) then
        freeze(scope, first, ARGV[2], head[FLAG.past])
        session, record = MODE.frozen, true
      elseif head[FLAG.keep] then
        freeze(scope, first, nil, head[FLAG.past])
        session, record = MODE.frozen, true
      end
      -- Moments have as many digits each, so texts compare as they do. No more than this
      -- is done where no sample is due, which is nearly always.
      if (session == MODE.armed or session == MODE.running) and not (pace and pace > moment) then
        sample(progress, key, pace)
      end
      if session == MODE.frozen then -- nobody has to follow it for long any more
        call('PEXPIRE', log, ARGV[4])
      end
    end
    if record then
      notice[#notice + 1] = RECORD_NOTICE .. scope
    elseif session then
      notice[#notice + 1] = scope
    end
  end

  call('SET', KEYS[base + 1], rev, 'PX', ARGV[1])
  return {'ok', rev}
end

local changes = tonumber(ARGV[9])
local base, answers = COMMON, {}
for i = 1, changes do
  answers[i] = KEYS[base + 1]
  base = base + ARGV[8 + 2 * i]
end
local replies = call('MGET', unpack(answers))
local is, otherwise = proven()
if not is and otherwise.err then
  return otherwise
end

base = COMMON
local first = 10 + 2 * changes
for i = 1, changes do
  local reply = otherwise
  if replies[i] then -- it was made before
    reply = {'ok', replies[i]}
  elseif is then
    local done, said = pcall(apply, base, first, is)
    if not done and type(said) ~= 'table' then
      said = redis.error_reply(said)
    end
    reply = said
    if reply.err and not change.rev then
      return reply -- nothing is changed yet, and what Redis refuses to one it may refuse to all
    end
  end
  replies[i] = reply
  base = base + ARGV[8 + 2 * i]
  first = first + ARGV[9 + 2 * i]
end
if change.rev then
  call('HSET', meta, META.batched, change.rev)
  call('PUBLISH', ARGV[8], table.concat(notice, '\n'))
end
return replies
