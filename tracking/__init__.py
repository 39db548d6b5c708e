"""From a browser to bits, and from bits to sets.

browser ── trackr.js ──► collector.py ──► stream {a::p}::ingest ──► drain.py ──► bitmaps, counts, sessions
           wire.py       directory.py                               ingest.py    one guarded transaction
                                                                                      │
                         dashboards/reports ◄── reading.py ◄── bitmaps/expressions.py ┘

wire.py        what trackers send: the schema, checked while it is decoded
collector.py   the ASGI application at /track/ and the sources' paths: durable before it answers
sources/       the other doors: servers, pixels, and what other vendors' clients send
directory.py   (account, hostname) and write key -> property, in memory
ingest.py      the named steps that turn an entry of the stream into marks, or drop it with a reason
drain.py       one batch, one transaction: effects and position together
keys.py        the only place where a key is spelled
"""
