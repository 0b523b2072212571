"""Names that were confirmed: joined, taken apart again, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kakaobot.errors import ExportError
from kakaobot.exports.aliases import (
    add_aliases,
    clean_name,
    dump,
    parse,
    remove_alias,
    resolve_aliases,
)

NAMES = st.sampled_from("가나다라마")
JOINS = st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=2)), max_size=8)


def joined(joins: list[tuple[str, list[str]]]) -> list[tuple[set[str], dict[str, str]]]:
    """Who was joined in each step that was allowed, and what was confirmed after it."""
    steps: list[tuple[set[str], dict[str, str]]] = [(set(), {})]
    for name, others in joins:
        try:
            steps.append(({name, *others}, add_aliases(steps[-1][1], name, others)))
        except ExportError:
            continue
    return steps


@given(JOINS)
def test_taking_every_join_back_leaves_what_was_there_before(
    joins: list[tuple[str, list[str]]],
) -> None:
    steps = [aliases for _, aliases in joined(joins)]
    for before, after in zip(steps, steps[1:], strict=False):
        taken = after
        for alias in after.keys() - before.keys():
            taken = remove_alias(taken, alias)
        assert taken == before != after


@given(JOINS)
def test_whoever_was_joined_has_one_name_that_is_nobodys_alias(
    joins: list[tuple[str, list[str]]],
) -> None:
    for together, aliases in joined(joins)[1:]:
        ends = resolve_aliases(aliases)
        assert not ends.keys() & set(ends.values())
        assert len({ends.get(name, name) for name in together}) == 1


@given(JOINS)
def test_what_is_written_is_read_again(joins: list[tuple[str, list[str]]]) -> None:
    confirmed = {"방": joined(joins)[-1][1]}
    assert parse(dump(confirmed)) == {key: names for key, names in confirmed.items() if names}


def test_a_name_that_stands_for_another_must_be_taken_back_first() -> None:
    aliases = add_aliases({}, "마루", ["회원님"])
    with pytest.raises(ExportError, match="먼저 되돌린 다음"):
        add_aliases(aliases, "도담", ["회원님"])
    assert resolve_aliases(add_aliases(aliases, "도담", ["마루"])) == {
        "회원님": "도담",
        "마루": "도담",
    }


def test_joining_nobody_and_parting_a_stranger_are_sentences() -> None:
    aliases = add_aliases({}, "마루", ["회원님"])
    for name, others in (("마루", ["마루"]), ("마루", []), ("회원님", ["마루"])):
        with pytest.raises(ExportError, match="이미 합쳤거나"):
            add_aliases(aliases, name, others)
    with pytest.raises(ExportError, match="합쳐 둔 것이 아닙니다"):
        remove_alias(aliases, "마루")


def test_a_typed_name_is_cleaned_and_never_empty() -> None:
    assert clean_name("  \u1100\u1161\n나\t다 ") == "가 나 다"
    for bad in ("", " \n", "\x00", "가" * 101):
        with pytest.raises(ExportError):
            clean_name(bad)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "1", '"a"', "null", '{"rooms": []}', '{"rooms": {"방": []}}',
        '{"rooms": {"방": {"가": 1}}}', '{"rooms": {"방": {"가": ""}}}', '{"rooms": {"방": null}}',
        '{"rooms": {"방": {"가": "나", "나": "가"}}}', '{"rooms": {"방": {"가": "가"}}}',
        "[" * 100_000,
    ],
    ids=range(14),
)  # fmt: skip
def test_whatever_else_is_written_there_is_damage(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)
