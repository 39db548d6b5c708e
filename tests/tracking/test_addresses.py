import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.bitmaps import addresses, traits
from tracking.bitmaps.addresses import Address

names = st.text(alphabet=st.sampled_from("ab:%3A25/é "), min_size=1)


@given(names)
def test_a_name_survives_its_trait_and_address(name: str) -> None:
    address = Address(traits.event(name), "2026-11-24")
    assert addresses.parse(str(address)) == address
    assert traits.name_of(address.trait) == name


@given(names, names)
def test_source_and_campaign_come_apart_again(source: str, campaign: str) -> None:
    assert traits.source_of(traits.source(source, campaign)) == (source, campaign)


def test_the_seeds_spelling() -> None:
    assert str(Address(traits.source("google", "spring"), "2026-11")) == "src:google::cpg:spring::2026-11"
    assert traits.source("google") == "src:google::cpg:(none)"
    assert traits.family("src:google::cpg:spring") == "src"


@pytest.mark.parametrize("text", ["", "evt:a", "::2026", "evt:a::"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        addresses.parse(text)
