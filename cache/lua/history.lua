-- Prepended to every script that has to know whose data it works on.
--
-- Redis gives each history of a data set a replication id. A server draws a new one
-- when it starts and when it becomes a master, and no other master ever has the same.
-- So a namespace that was last written under this server's own id has been written by
-- this server alone since then, and nothing of it was lost. Nothing else proves that:
-- a master that is demoted and promoted again keeps its process, its run id, its
-- connections and its script cache, but comes back with another id.
--
-- history returns the id of this server's history, or nil and the error to return.
local function history()
  local info = redis.pcall('INFO', 'replication')
  if type(info) == 'table' then
    -- The embedded Redis has no replication: it lives and dies with its data.
    if string.find(info.err, 'section (replication) is not supported', 1, true) then
      return 'embedded'
    end
    return nil, info
  end
  -- A replica has the id of its master's history, but is not the one that continues it.
  if not string.find(info, 'role:master', 1, true) then
    return nil, redis.error_reply("READONLY this server is a replica now, and not the master")
  end
  return string.match(info, 'master_replid:(%x+)')
end
