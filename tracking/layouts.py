"""The layout of a property, as its row says."""

from properties.models import Property
from tracking.bitmaps.layouts import Layout
from tracking.bitmaps.layouts.packed import PackedLayout
from tracking.bitmaps.layouts.seed import SeedLayout

LAYOUTS: dict[str, Layout] = {"seed": SeedLayout(), "packed": PackedLayout()}


def layout_of(prop: Property) -> Layout:
    return LAYOUTS[prop.layout]
