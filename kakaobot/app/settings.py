"""Look at the settings and change them; the file stays the one place where they are."""

from __future__ import annotations

from collections.abc import Mapping

from kakaobot.config import Home, SettingField, save, setting_fields
from kakaobot.errors import ConfigError
from kakaobot.settings import Settings


class SettingsEditor:
    def __init__(self, home: Home) -> None:
        self._home = home

    def entries(self) -> list[SettingField]:
        """Every setting in the order of the file."""
        return setting_fields()

    def groups(self) -> list[tuple[str, str]]:
        """(`training`, `학습`) and so on."""
        return [
            (name, (field.annotation.__doc__ or name) if field.annotation else name)
            for name, field in Settings.model_fields.items()
        ]

    def values(self) -> dict[str, object]:
        """`{"lora.r": 16, …}` as the file says now.

        Raises:
            ConfigError: the file is not valid.
        """
        settings = self._home.settings()
        return {e.path: getattr(getattr(settings, e.group), e.key) for e in self.entries()}

    def save(self, changes: Mapping[str, object]) -> None:
        """Write changes; text as a form gives it is read by the setting's kind.

        Raises:
            ConfigError: a value does not fit; nothing is changed.
        """
        known = {entry.path: entry for entry in self.entries()}
        unknown = next((path for path in changes if path not in known), None)
        if unknown:
            raise ConfigError(f"모르는 설정입니다: {unknown}. 설정 탭을 새로 여세요.")
        self._home.settings()
        save(
            self._home.settings_file,
            {path: _read(known[path], value) for path, value in changes.items()},
        )


def _read(entry: SettingField, value: object) -> object:
    if entry.kind == "list":
        lines = value.splitlines() if isinstance(value, str) else value
        if isinstance(lines, list | tuple):
            return [str(line).strip() for line in lines if str(line).strip()]
    if entry.kind == "switch" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value.strip())
    if entry.kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if entry.kind in ("int", "float") and isinstance(value, str):
        try:
            return int(value) if entry.kind == "int" else float(value)
        except ValueError:
            return value
    return value.strip() if isinstance(value, str) else value
