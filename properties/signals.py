"""What the rooms above are told of a property, after it is committed."""

from django.dispatch import Signal

time_zone_changed = Signal()  # with `prop`
