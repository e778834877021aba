/**
 * Every change of a job's state is one Lua script, which Redis runs as a whole: the fence between workers, whatever Bull delivers
 * twice. All keys begin with the first key's text. ARGV[1] is added to Redis's own time, which all workers share. Keys:
 *
 * - `job:ID`: hash, the job. `due` of a queued job: when it may begin; of a running one: the end of its lease. `lease` counts up with each claim.
 * - `of:KIND:WORKSPACE`: all its jobs by number. `open:…`: those that have not ended. `running:…`: end of the lease of those that run.
 * - `waiting:KIND`: workspaces with open jobs, the one served longest ago first. `turn:KIND`: when each was served last.
 * - `ended:KIND`: jobs that ended, by moment.
 */
const COMMON = `
  local prefix = KEYS[1]
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
  local function key(...) return prefix .. ':' .. table.concat({...}, ':') end
  local function job(id) return redis.call('HGETALL', key('job', id)) end
  local function fields(id, ...) return redis.call('HMGET', key('job', id), ...) end
  local function set(id, ...) redis.call('HSET', key('job', id), ...) end
  local function whole(number) return string.format('%.0f', number) end

  local function held(id, lease)
    local has = fields(id, 'state', 'lease')
    return has[1] == 'running' and has[2] == lease
  end

  local function close(id, state, result, reason)
    local has = fields(id, 'kind', 'workspace')
    local kind, workspace = has[1], has[2]
    set(id, 'state', state, 'result', result, 'error', reason, 'finishedAt', whole(now))
    redis.call('ZREM', key('open', kind, workspace), id)
    redis.call('ZREM', key('running', kind, workspace), id)
    redis.call('ZADD', key('ended', kind), whole(now), id)
    if redis.call('ZCARD', key('open', kind, workspace)) == 0 then
      redis.call('ZREM', key('waiting', kind), workspace)
    end
  end
`

/** Never served counts as served before everybody else, in the order of arrival. */
const ENQUEUE = `
  local id, kind, workspace, payload = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
  if redis.call('EXISTS', key('job', id)) == 1 then return job(id) end
  local number = redis.call('INCR', key('number'))
  set(id, 'id', id, 'kind', kind, 'workspace', workspace, 'payload', payload, 'state', 'queued', 'progress', '0',
    'attempt', '0', 'lease', '0', 'due', whole(now), 'result', '', 'error', '', 'createdAt', whole(now), 'finishedAt', '',
    'number', whole(number))
  redis.call('ZADD', key('of', kind, workspace), number, id)
  redis.call('ZADD', key('open', kind, workspace), number, id)
  if not redis.call('ZSCORE', key('waiting', kind), workspace) then
    local turn = redis.call('HGET', key('turn', kind), workspace) or whole(number - 1e15)
    redis.call('ZADD', key('waiting', kind), turn, workspace)
  end
  return job(id)
`

/**
 * The job that may begin next, or nothing. With ARGV[5] = take it is begun under a new lease.
 * A lease that ended while Redis was away is let live for once its length after the start: its holder could not renew it, and may have reached the end meanwhile.
 */
const CLAIM = `
  local kind, perWorkspace, leaseMs, take = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == 'take'
  local justStarted = nil
  local function redisJustStarted()
    if justStarted == nil then
      local uptime = tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)')) or leaseMs
      justStarted = uptime * 1000 + tonumber(ARGV[1]) <= leaseMs
    end
    return justStarted
  end

  local function nextOf(workspace)
    if redis.call('ZCOUNT', key('running', kind, workspace), '(' .. whole(now), '+inf') >= perWorkspace then return nil end
    for _, id in ipairs(redis.call('ZRANGE', key('open', kind, workspace), 0, -1)) do
      local has = fields(id, 'state', 'due')
      if tonumber(has[2]) <= now and (has[1] == 'queued' or not redisJustStarted()) then return id end
    end
    return nil
  end

  for _, workspace in ipairs(redis.call('ZRANGE', key('waiting', kind), 0, -1)) do
    local id = nextOf(workspace)
    if id and not take then return job(id) end
    if id then
      local turn = whole(redis.call('INCR', key('turns', kind)))
      redis.call('HSET', key('turn', kind), workspace, turn)
      redis.call('ZADD', key('waiting', kind), turn, workspace)
      redis.call('HINCRBY', key('job', id), 'attempt', 1)
      redis.call('HINCRBY', key('job', id), 'lease', 1)
      set(id, 'state', 'running', 'due', whole(now + leaseMs))
      redis.call('ZADD', key('running', kind, workspace), whole(now + leaseMs), id)
      return job(id)
    end
  end
  return {}
`

const RENEW = `
  local id, lease, progress, leaseMs = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
  if not held(id, lease) then return 0 end
  local has = fields(id, 'kind', 'workspace', 'progress')
  if tonumber(progress) > tonumber(has[3]) then set(id, 'progress', progress) end
  set(id, 'due', whole(now + leaseMs))
  redis.call('ZADD', key('running', has[1], has[2]), whole(now + leaseMs), id)
  return 1
`

const FINISH = `
  local id, lease, result = ARGV[2], ARGV[3], ARGV[4]
  if not held(id, lease) then return 0 end
  set(id, 'progress', '1')
  close(id, 'done', result, '')
  return 1
`

const GIVE_UP = `
  local id, lease, reason = ARGV[2], ARGV[3], ARGV[4]
  if not held(id, lease) then return 0 end
  close(id, 'failed', '', reason)
  return 1
`

const RETRY = `
  local id, lease, reason, pauseMs, uncounted = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
  if not held(id, lease) then return 0 end
  local has = fields(id, 'kind', 'workspace')
  set(id, 'state', 'queued', 'due', whole(now + pauseMs))
  if reason ~= '' then set(id, 'error', reason) end
  redis.call('HINCRBY', key('job', id), 'attempt', -uncounted)
  redis.call('ZREM', key('running', has[1], has[2]), id)
  return 1
`

const CANCEL = `
  local id, reason = ARGV[2], ARGV[3]
  local state = fields(id, 'state')[1]
  if state ~= 'queued' and state ~= 'running' then return 0 end
  close(id, 'cancelled', '', reason)
  return 1
`

const REMOVE = `
  local id = ARGV[2]
  local has = fields(id, 'state', 'kind', 'workspace')
  if not has[1] or has[1] == 'queued' or has[1] == 'running' then return 0 end
  redis.call('ZREM', key('of', has[2], has[3]), id)
  redis.call('ZREM', key('ended', has[2]), id)
  redis.call('DEL', key('job', id))
  return 1
`

const LIST = `
  local kind, workspace, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
  local found = {}
  for _, id in ipairs(redis.call('ZREVRANGE', key('of', kind, workspace), 0, limit - 1)) do found[#found + 1] = job(id) end
  return found
`

const ENDED_BEFORE = `
  local kind, moment, limit = ARGV[2], ARGV[3], ARGV[4]
  local found = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('ended', kind), '-inf', '(' .. moment, 'LIMIT', 0, limit)) do
    found[#found + 1] = job(id)
  end
  return found
`

const GET = `return job(ARGV[2])`

export const SCRIPTS = {
  ...{ enqueue: COMMON + ENQUEUE, claim: COMMON + CLAIM, renew: COMMON + RENEW, finish: COMMON + FINISH },
  ...{ giveUp: COMMON + GIVE_UP, retry: COMMON + RETRY, cancel: COMMON + CANCEL, remove: COMMON + REMOVE },
  ...{ list: COMMON + LIST, endedBefore: COMMON + ENDED_BEFORE, get: COMMON + GET },
} as const
