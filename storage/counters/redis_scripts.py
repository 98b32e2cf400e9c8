"""What Redis runs in one go, so that no call comes between looking and taking.

Each script reads Redis's own clock; a window that ends later than it can was begun before that clock was set back.
"""

TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends, used, refused, longest = {}, {}, 0, -1
for place, key in ipairs(KEYS) do
  local at = place * 4 - 3
  local amount, limit, span = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if span == 0 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    used[place], ends[place] = redis.call('ZCARD', key) + amount, now
  else
    local window = redis.call('HMGET', key, 'used', 'ends')
    used[place], ends[place] = tonumber(window[1] or 0) + amount, tonumber(window[2] or 0)
    if ends[place] <= now or ends[place] > now + span then
      used[place], ends[place] = amount, now + span
    end
  end
  if amount > 0 and used[place] > limit and ends[place] - now > longest then
    refused, longest = place, ends[place] - now
  end
end
local reply = {refused, now}
for place, key in ipairs(KEYS) do
  local at = place * 4 - 3
  if refused == 0 and tonumber(ARGV[at]) > 0 then
    if tonumber(ARGV[at + 2]) == 0 then
      redis.call('ZADD', key, now + HELD, ARGV[at + 3])
      redis.call('PEXPIRE', key, HELD)
    else
      redis.call('HSET', key, 'used', used[place], 'ends', ends[place])
      redis.call('PEXPIRE', key, ends[place] - now)
    end
  end
  reply[#reply + 1] = used[place]
  reply[#reply + 1] = ends[place]
end
return reply
"""
"""Four arguments a key: amount, limit, milliseconds (0: held) and under which name it is held."""

GIVE = """
for place, key in ipairs(KEYS) do
  local at = place * 4 - 3
  local amount, ends = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  if tonumber(ARGV[at + 2]) == 0 then
    redis.call('ZREM', key, ARGV[at + 3])
  else
    local window = redis.call('HMGET', key, 'used', 'ends')
    if tonumber(window[2] or 0) == ends then
      redis.call('HSET', key, 'used', math.max(0, tonumber(window[1]) - amount))
    end
  end
end
return 0
"""
"""Four arguments a key: amount, the end of its window, milliseconds (0: held) and under which name it is held."""

RENEW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for place = 1, #ARGV do
  redis.call('ZADD', KEYS[1], now + HELD, ARGV[place])
end
redis.call('PEXPIRE', KEYS[1], HELD)
return 0
"""
