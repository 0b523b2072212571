from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kakaobot.dataset.split import session_cut, turn_cut


@given(st.lists(st.integers(1, 5), min_size=2, max_size=12), st.floats(0.01, 0.5))
def test_the_newest_sessions_validate_and_both_splits_have_targets(
    targets: list[int], ratio: float
) -> None:
    cut = session_cut(targets, ratio)
    assert 1 <= cut < len(targets)
    requested = max(1, round(sum(targets) * ratio))
    assert sum(targets[cut:]) >= requested or cut == 1
    assert sum(targets[cut + 1 :]) < requested


@given(st.sets(st.integers(0, 50), min_size=1), st.floats(0.01, 0.5))
def test_the_newest_turns_of_a_single_session_validate(positions: set[int], ratio: float) -> None:
    targets = sorted(positions)
    cut = turn_cut(targets, ratio)
    val_targets = [position for position in targets if position >= cut]
    if len(targets) == 1:
        assert val_targets == []
    else:
        assert 0 < len(val_targets) < len(targets)
        assert len(val_targets) == max(1, round(len(targets) * ratio))
