"""Read and change the settings file. Nothing is cached."""

from __future__ import annotations

from collections.abc import Mapping

from kakaobot.config import Home, save
from kakaobot.errors import ConfigError
from kakaobot.language import tr
from kakaobot.setting_fields import SettingField, group_title, setting_fields, setting_groups


class SettingsEditor:
    def __init__(self, home: Home) -> None:
        self._home = home

    def fields(self) -> list[SettingField]:
        """Every setting in the order of the file."""
        return setting_fields()

    def groups(self) -> list[tuple[str, str]]:
        """Names and Korean titles of the groups, such as `("training", "학습")`."""
        return [(name, group_title(name)) for name in setting_groups()]

    def values(self) -> dict[str, object]:
        """Current values by path, such as `{"lora.r": 16}`.

        Raises:
            ConfigError: the file is not valid.
        """
        settings = self._home.settings()
        return {
            field.path: getattr(getattr(settings, field.group), field.key)
            for field in self.fields()
        }

    def save(self, changes: Mapping[str, object]) -> None:
        """Write changed values by path; form input is parsed by the kind of its setting.

        Raises:
            ConfigError: a value is not valid; nothing is written.
        """
        known = {field.path: field for field in self.fields()}
        unknown = next((path for path in changes if path not in known), None)
        if unknown:
            raise ConfigError(
                tr("모르는 설정입니다: {unknown}. 설정 탭을 새로 여세요.").format(unknown=unknown)
            )
        self._home.settings()
        parsed = {path: _parse(known[path], value) for path, value in changes.items()}
        save(self._home.settings_file, parsed)


def _parse(field: SettingField, value: object) -> object:
    """Parse form input; invalid input is returned unchanged and fails validation."""
    if field.kind == "list":
        lines = value.splitlines() if isinstance(value, str) else value
        if isinstance(lines, list | tuple):
            return [str(line).strip() for line in lines if str(line).strip()]
    if field.kind == "switch" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value.strip())
    if field.kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if field.kind in ("int", "float") and isinstance(value, str):
        try:
            return int(value) if field.kind == "int" else float(value)
        except ValueError:
            return value
    return value.strip() if isinstance(value, str) else value
