from hypothesis import given
from hypothesis import strategies as st

from control_plane.usage.records import LARGEST_BUDGET
from gateway.serving.metering.prices import MICRO, Prices

PRICE = st.floats(0, 1000, allow_nan=False)
TOKENS = st.integers(0, 1_000_000)


def test_cost_is_for_a_million_tokens_and_has_six_decimals() -> None:
    assert Prices(0.1, 0.3).cost(1_000_000, 2_000_000) == 0.7
    assert Prices(0.1, 0.3).cost(1, 2) == 0.000001
    assert not Prices()
    assert Prices(completion=0.1)


@given(price=st.floats(0, allow_nan=False, allow_infinity=False), tokens=st.integers(0, 10**400))
def test_reservation_fits_a_database_whatever_is_asked_for(price: float, tokens: int) -> None:
    assert 0 <= Prices(price, price).reservation(5, tokens) <= LARGEST_BUDGET * MICRO


@given(prompt=PRICE, completion=PRICE, read=TOKENS, written=TOKENS, more=TOKENS)
def test_reservation_covers_every_cost_of_no_more_tokens(
    prompt: float, completion: float, read: int, written: int, more: int
) -> None:
    prices = Prices(prompt, completion)
    reserved = prices.reservation(read, written + more)
    assert round(prices.cost(read, written) * MICRO) <= reserved
