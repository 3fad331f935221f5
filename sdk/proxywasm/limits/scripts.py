"""The scripts for Redis. Redis runs each as a whole, so several gateways never take the same place.

They count as `counters.py` does: a hash for each key has the slices by number, or the level and the time of a bucket.
The time is Redis' own unless the caller has a clock, so gateways whose clocks differ count alike.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from .counters import COUNTS, LARGEST
from .kinds import SLICES


class Script(NamedTuple):
    """A script, and the name by which Redis knows it once it has run."""

    text: str
    digest: str


_COMMON: Final = f"""
local SLICES, COUNTS, LARGEST = {SLICES}, {COUNTS}, {LARGEST}
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(number)
  return string.format('%.0f', number)
end

local function window(key, limit, unit)
  local index, head, sum, moved = math.floor(now / unit), -1, 0, false
  local stored, counts = redis.call('HGETALL', key), {{}}
  for i = 1, #stored, 2 do
    local at, count = tonumber(stored[i]), tonumber(stored[i + 1])
    if count > 0 then
      counts[at], sum = count, sum + count
      if at > head then head = at end
    end
  end
  if head > index + SLICES then
    counts, head, moved = {{[index] = math.min(sum, LARGEST)}}, index, true
  elseif head < index then
    head = index
  end
  local used = 0
  for at, count in pairs(counts) do
    if at < head - SLICES then counts[at] = nil else used = used + count end
  end
  return {{key = key, limit = limit, unit = unit, head = head, counts = counts, used = used,
          stored = stored, moved = moved}}
end

local function bucket(key, limit, unit, refill)
  local stored = redis.call('HMGET', key, 'level', 'at')
  local full, level = limit * unit, limit * unit
  if stored[1] then
    level = math.min(tonumber(stored[1]) + math.max(now - tonumber(stored[2]), 0) * refill, full)
  end
  return {{key = key, limit = limit, unit = unit, refill = refill, head = now, level = level, full = full,
          used = limit - math.floor(level / unit)}}
end

local function load(i, at)
  local limit, unit, refill = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if refill > 0 then return bucket(KEYS[i], limit, unit, refill) end
  return window(KEYS[i], limit, unit)
end

local function leaves(state, at)
  return math.max((at + COUNTS) * state.unit - now, 1)
end

local function wait(state, amount)
  if state.full then
    local missing = math.min(amount, state.limit) * state.unit - state.level
    local wait = missing > 0 and math.ceil(missing / state.refill) or 0
    if amount > state.limit then wait = math.max(wait, state.unit) end
    return wait
  end
  local missing = state.used + amount - state.limit
  if missing <= 0 then return 0 end
  for at = state.head - SLICES, state.head do
    missing = missing - (state.counts[at] or 0)
    if missing <= 0 then return leaves(state, at) end
  end
  return leaves(state, state.head)
end

local function reset(state)
  if state.full then return math.ceil((state.full - state.level) / state.refill) end
  for at = state.head, state.head - SLICES, -1 do
    if state.counts[at] then return leaves(state, at) end
  end
  return 0
end

local function take(state, amount)
  if amount == 0 then return end
  if state.full then
    state.level = math.max(state.level - amount * state.unit, -LARGEST)
    state.used = state.limit - math.floor(state.level / state.unit)
  else
    local before = state.counts[state.head] or 0
    state.counts[state.head] = math.min(before + amount, LARGEST)
    state.used = state.used + state.counts[state.head] - before
  end
end

local function give_back(state, at, amount)
  if state.full then
    state.level = math.min(state.level + amount * state.unit, state.full)
    return
  end
  if at > state.head then at = state.head end
  local left = (state.counts[at] or 0) - amount
  state.counts[at] = left > 0 and left or nil
end

local function save(state)
  if state.full then
    redis.call('HSET', state.key, 'level', text(state.level), 'at', text(now))
    redis.call('PEXPIRE', state.key, text(reset(state) + 1000))
    return
  end
  -- First what needs memory: a full Redis refuses it, and then nothing has changed.
  local fields, gone = {{}}, {{}}
  for at, count in pairs(state.counts) do
    fields[#fields + 1] = text(at)
    fields[#fields + 1] = text(count)
  end
  if #fields == 0 then
    redis.call('DEL', state.key)
    return
  end
  redis.call('HSET', state.key, unpack(fields))
  for i = 1, #state.stored, 2 do
    if not state.counts[tonumber(state.stored[i])] then gone[#gone + 1] = state.stored[i] end
  end
  if #gone > 0 then redis.call('HDEL', state.key, unpack(gone)) end
  redis.call('PEXPIRE', state.key, text(reset(state) + 1000))
end
"""

_TAKE: Final = (
    _COMMON
    + """
local states, answer = {}, {0, 0}
for i = 1, #KEYS do
  local at = 4 * i - 2
  local state, amount = load(i, at), tonumber(ARGV[at + 3])
  local time = wait(state, amount)
  if time > 0 then
    if state.moved then save(state) end
    answer[1], answer[2] = i, time
    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = state.used, reset(state), 0
    return answer
  end
  take(state, amount)
  states[i] = state
  answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = state.used, reset(state), state.head
end
for i = 1, #KEYS do
  if states[i].moved or tonumber(ARGV[4 * i + 1]) > 0 then save(states[i]) end
end
return answer
"""
)

_CHANGE: Final = (
    _COMMON
    + """
local answer = {}
for i = 1, #KEYS do
  local at = 6 * i - 4
  local state, back, more = load(i, at), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  if back > 0 then give_back(state, tonumber(ARGV[at + 3]), back) end
  if more > 0 then take(state, more) end
  save(state)
  answer[i] = state.head
end
return answer
"""
)


def _script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


TAKE: Final = _script(_TAKE)
"""Arguments: the time or nothing; for each key limit, unit, refill (0: no bucket), amount. Answers: the number of the
refused demand or 0, how long to wait, and for each key what is used, until when, and the slice."""
CHANGE: Final = _script(_CHANGE)
"""Arguments: the time or nothing; for each key limit, unit, refill, slice, what is given back, what is taken. Answers:
the slices."""
