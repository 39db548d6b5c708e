"""Who did what, when: bitmaps of visitors by trait and slot. Pure but for the layouts.

slots.py        granularities, slots, the cover of a range; time zones and their odd hours
traits.py       what a visitor can be counted under, and how it is spelled
addresses.py    trait::slot, the name of one bitmap
bits.py         Redis bit strings <-> Roaring bitmaps
expressions.py  (a & b - c).over(range): values, until they are asked
plain.py        whose numbers under a session's traits are those under everyone
layouts/        how marks are written and bitmaps read back: seed (one key an address)
"""
