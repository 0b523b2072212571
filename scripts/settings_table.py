"""Print all settings as the Markdown table of the README.

python -m scripts.settings_table
"""

from __future__ import annotations

import sys

from kakaobot.config import yaml_value
from kakaobot.setting_fields import setting_fields


def settings_table() -> str:
    """The table that is between the `settings` comments of the README."""
    rows = ["| 설정 | 이름 | 기본값 | 범위 | 뜻 |", "|---|---|---|---|---|"]
    for field in setting_fields():
        limits = ["" if limit is None else f"{limit:,.10g}" for limit in field.limits]
        values = ", ".join(field.choices) or ("~".join(limits) if any(limits) else "")
        default = f"`{yaml_value(field.default)}`"
        name = f"{field.name} (전문가)" if field.is_expert else field.name
        rows.append(f"| `{field.path}` | {name} | {default} | {values} | {field.explanation} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(settings_table() + "\n")
