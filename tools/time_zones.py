"""Write plugins/ai_quota/zones.py from the time zone database of this machine: `python -m tools.time_zones`.

A file of the database ends with a rule (a POSIX TZ string) for all times after its last transition, which is enough for
a plugin that asks for the current month.
"""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from pathlib import Path
from typing import Final

TARGET: Final = Path(__file__).parents[1] / "plugins" / "ai_quota" / "zones.py"
_WIDTH: Final = 118
_HEAD: Final = '''"""The names of time zones, by the rule that they follow now. Made by `python -m tools.time_zones`.

The names and rules are those of the IANA time zone database, which is in the public domain.
"""

from __future__ import annotations

from typing import Final

RULES: Final = """
'''


def rules() -> dict[str, list[str]]:
    """The names of all zones, by the rule at the end of their file."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(zoneinfo.available_timezones()):
        for folder in zoneinfo.TZPATH:
            path = Path(folder, name)
            if path.is_file():
                rule = path.read_bytes().rsplit(b"\n", 2)[-2].decode()
                if rule:
                    found[rule].append(name)
                break
    return found


def text() -> str:
    lines: list[str] = []
    for rule, names in sorted(rules().items()):
        line = rule
        for name in names:
            if len(line) + 1 + len(name) > _WIDTH:
                lines.append(line)
                line = rule
            line += f" {name}"
        lines.append(line)
    return _HEAD + "\n".join(lines) + '\n"""\n'


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
