"""What stands above the field of a setting → HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kakaobot.errors import SettingFault
from kakaobot.setting_fields import SettingField
from ui import form, settings_text
from ui.render.cards import field_error
from ui.render.templating import render


def setting_about(
    entry: SettingField, *, is_changed: bool = False, hint: str = "", fault: str = ""
) -> str:
    """The name, key and meaning of a setting.

    Args:
        entry: the setting.
        is_changed: whether its value is not the default, which can then be set back.
        hint: what has just happened to it.
        fault: what is wrong with what was entered.
    """
    return render(
        "setting",
        settings_text=settings_text,
        entry=entry,
        notes=form.field_notes(entry, with_default=not is_changed),
        default=form.default_note(entry),
        is_changed=is_changed,
        hint=hint,
        fault=fault,
    )


def setting_heading(id: str, title: str, hint: str = "") -> str:
    """The heading of a group, which `setting_contents` links to."""
    return render("setting_heading", id=id, title=title, hint=hint)


def setting_contents(headings: Sequence[tuple[str, str]]) -> str:
    """Links to headings, given with their ids."""
    return render("setting_contents", label=settings_text.CONTENTS, headings=headings)


def setting_problem(faults: Sequence[SettingFault], entries: Sequence[SettingField]) -> str:
    """Which settings of a form were refused, and in full what none of its fields is about."""
    known = {entry.path: entry.name for entry in entries}
    names = ", ".join(f"'{known[fault.path]}'" for fault in faults if fault.path in known)
    others = [fault.sentence for fault in faults if fault.path not in known]
    sentences = [settings_text.PROBLEM.format(names=names)] if names else []
    return "\n".join(field_error(sentence) for sentence in (*sentences, *others))
