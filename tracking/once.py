"""Appending to a property's stream so that saying it twice writes it once. Pure.

Every process that appends is a *writer* with a name of its own, and numbers what it appends. The shard keeps, beside
the stream, the last number of each writer. One script compares and appends, so that nothing comes between:

    {7::3}::appended::<writer>   41          EVAL  entries 41, 42, 43
                                               41 <= 41: here already      42, 43 > 41: XADD, XADD
    {7::3}::appended::<writer>   43          one round trip, all or nothing

Whoever did not see the answer says the same again, an hour later if need be; an attempt that was still on its way,
and arrives after its own repetition, finds its number taken. This holds as long as a writer never appends a higher
number of a property while a lower one is undecided: that is what `spill` and `appender` see to.

An entry also says how many events the property had taken before it (`t`), so that what waits in a stream can be
counted without reading it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tracking.keys import Keys

Owner = tuple[int, int]  # (account, property)

# As old as an event may be when it is taken: whatever is appended again after that is not news any more.
WRITER_KEPT_SECONDS = 30 * 24 * 3600
BEFORE = b"t"
NEVER = 1 << 50  # as `few` of `append`: what waits is not counted

# KEYS: the stream, the writer's last number, the events ever taken.
# ARGV: seconds that a writer is remembered, entries below which nothing is counted; then number, events, entry of each.
# Returns how many events wait in the stream, 0 while its entries are few.
APPEND = """\
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
for i = 3, #ARGV, 3 do
  local number = tonumber(ARGV[i])
  if number > last then
    local taken = redis.call('INCRBY', KEYS[3], ARGV[i + 1])
    redis.call('XADD', KEYS[1], '*', 'e', ARGV[i + 2], 't', string.format('%d', taken - ARGV[i + 1]))
    last = number
  end
end
if #ARGV > 2 then redis.call('SET', KEYS[2], string.format('%d', last), 'EX', ARGV[1]) end
local entries = redis.call('XLEN', KEYS[1])
if entries < tonumber(ARGV[2]) then return 0 end
local fields = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1][2]
for i = 1, #fields, 2 do
  if fields[i] == 't' then return tonumber(redis.call('GET', KEYS[3])) - fields[i + 1] end
end
return entries
"""


class Entry(NamedTuple):
    """What becomes one entry of a stream. `number`: its place among all that its writer appends, from 1 up."""

    number: int
    events: int
    packed: bytes  # tracking.stream.encode


def append(
    owner: Owner, writer: str, entries: Sequence[Entry], few: int, kept: int = WRITER_KEPT_SECONDS
) -> tuple[Any, ...]:
    """The command that appends `entries`, in order, where they are not there yet. `kept`: seconds that this is known.

    Its reply is the number of events that wait in the stream, or 0 while it has fewer than `few` entries. Without
    entries it only counts.
    """
    keys, values = Keys(*owner), [value for entry in entries for value in entry]
    names = (keys.ingest, keys.appended(writer), keys.taken)
    return ("EVAL", APPEND, len(names), *names, kept, max(few, 1), *values)
