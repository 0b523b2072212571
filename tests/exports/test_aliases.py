"""Aliases: adding, removing, resolving, dumping and parsing."""

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
    """The names joined in every valid step, and the aliases after it."""
    steps: list[tuple[set[str], dict[str, str]]] = [(set(), {})]
    for name, others in joins:
        try:
            steps.append(({name, *others}, add_aliases(steps[-1][1], name, others)))
        except ExportError:
            continue
    return steps


@given(JOINS)
def test_removing_added_aliases_restores_the_previous_ones(
    joins: list[tuple[str, list[str]]],
) -> None:
    steps = [aliases for _, aliases in joined(joins)]
    for before, after in zip(steps, steps[1:], strict=False):
        restored = after
        for alias in after.keys() - before.keys():
            restored = remove_alias(restored, alias)
        assert restored == before != after


@given(JOINS)
def test_joined_names_resolve_to_a_name_that_is_not_an_alias(
    joins: list[tuple[str, list[str]]],
) -> None:
    for names, aliases in joined(joins)[1:]:
        ends = resolve_aliases(aliases)
        assert not ends.keys() & set(ends.values())
        assert len({ends.get(name, name) for name in names}) == 1


@given(JOINS)
def test_parse_inverts_dump(joins: list[tuple[str, list[str]]]) -> None:
    confirmed = {"방": joined(joins)[-1][1]}
    assert parse(dump(confirmed)) == {key: names for key, names in confirmed.items() if names}


def test_an_alias_must_be_removed_before_it_joins_another_name() -> None:
    aliases = add_aliases({}, "마루", ["회원님"])
    with pytest.raises(ExportError, match="먼저 되돌린 다음"):
        add_aliases(aliases, "도담", ["회원님"])
    assert resolve_aliases(add_aliases(aliases, "도담", ["마루"])) == {
        "회원님": "도담",
        "마루": "도담",
    }


def test_empty_joins_and_unknown_aliases_raise() -> None:
    aliases = add_aliases({}, "마루", ["회원님"])
    for name, others in (("마루", ["마루"]), ("마루", []), ("회원님", ["마루"])):
        with pytest.raises(ExportError, match="이미 합쳤거나"):
            add_aliases(aliases, name, others)
    with pytest.raises(ExportError, match="합쳐 둔 것이 아닙니다"):
        remove_alias(aliases, "마루")


def test_clean_name_normalizes_and_rejects_empty_names() -> None:
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
def test_parse_rejects_invalid_aliases(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)
