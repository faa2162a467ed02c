-- Sends the bodies in a folder in turn and prints one line of JSON: wrk … -s wrk.lua URL -- FOLDER CONTENT_TYPE
local requests, current = {}, 0

function init(args)
  local headers = { ["Content-Type"] = args[2], ["Accept"] = args[2] }
  local file = io.open(args[1] .. "/1", "rb")
  while file do
    requests[#requests + 1] = wrk.format("POST", nil, headers, file:read("*a"))
    file:close()
    file = io.open(args[1] .. "/" .. (#requests + 1), "rb")
  end
end

function request()
  current = current % #requests + 1
  return requests[current]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50_us":%.1f,"p99_us":%.1f,"bad_statuses":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
