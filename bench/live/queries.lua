-- What wrk sends in mode queries, and how it reports what came of it.

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local requests, last = {}, 0

-- The place of a session's name, the body of a request, and the names.
function init(args)
  for i = 3, #args do
    requests[i - 2] = wrk.format(nil, nil, nil, (args[2]:gsub(args[1], args[i])))
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
