"""Sources: every door by which events come in, beside the tracker's own POST /track/it.

interface.py   what a source is: which paths it answers, who may send, what the events are, what its clients expect
registry.py    which sources there are: the built-in ones and those of other packages (entry points `aktivat.sources`)
letters.py     from what a source says of an event to a batch as trackers send it
lenient.py     reading what other vendors' clients send: odd types are left out instead of refused

pixel.py       GET /track/it: one event by an image, for e-mails and pages without JavaScript
api.py         POST /track/api/events: Aktivat's own interface for servers
segment.py     POST /v1/…: what is sent to Segment; segment_commerce.py has the names of shops
plausible.py   POST /api/event: what is sent to Plausible
google.py      POST /mp/collect: Google Analytics' Measurement Protocol

The fields of each are in docs/sources.md. Limits, admission, counting and writing are the collector's.
"""
