"""Windows: cut at timestamps as Whisper's own loop does, and moved on behind the last whole sentence."""

import pytest

from gateway.serving.speech.segments import Heard, Span, read_window

FIRST = 1000
WINDOW = 30.0


def at(seconds: float) -> int:
    return FIRST + round(seconds / 0.02)


@pytest.mark.parametrize(
    ("tokens", "spans", "seconds"),
    [
        # Two sentences and the beginning of a third: the next window begins with that.
        (
            [at(0), 1, 2, at(3), at(3.5), 3, at(9), at(9), 4, 5],
            [(0, 3, (1, 2)), (3.5, 9, (3,))],
            9,
        ),
        # One timestamp at the end: nothing is said behind it.
        ([at(1), 1, at(2), at(2), 2, at(4)], [(1, 2, (1,)), (2, 4, (2,))], WINDOW),
        # A pair at the end: what follows it is not known.
        ([at(0), 1, at(2), at(2)], [(0, 2, (1,))], 2),
        # One sentence, with or without its end.
        ([at(0), 1, 2, at(5)], [(0, 5, (1, 2))], WINDOW),
        ([at(0), 1, 2], [(0, WINDOW, (1, 2))], WINDOW),
        ([1, 2], [(0, WINDOW, (1, 2))], WINDOW),
        # Nothing, and silence between timestamps.
        ([], [], WINDOW),
        ([at(0), at(4)], [], 0),
        ([at(0), at(4), at(4), 1, at(6)], [(4, 6, (1,))], WINDOW),
        # Beyond the end of a short window.
        ([at(0), 1, at(31)], [(0, WINDOW, (1,))], WINDOW),
    ],
)
def test_windows(tokens: list[int], spans: list[tuple[float, float, tuple[int, ...]]], seconds: float):
    heard = read_window(tokens, FIRST, WINDOW)
    right = Heard(tuple(Span(start, end, text) for start, end, text in spans), seconds)
    assert [span.tokens for span in heard.spans] == [span.tokens for span in right.spans]
    for span, expected in zip(heard.spans, right.spans, strict=True):
        assert (span.start, span.end) == pytest.approx((expected.start, expected.end))
    assert heard.seconds == pytest.approx(right.seconds)
