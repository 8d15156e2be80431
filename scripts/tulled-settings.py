#!/usr/bin/env python3
"""Writes docs/tulled-settings.md from the settings in the code: names from MeshConfig, meanings from the flags' help.

With --check it writes nothing, and fails when the page is not what the code says.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tulled-settings.md"
SETTINGS = ROOT / "Sources" / "MeshConfig" / "Tulled" / "TulledSetting.swift"
PROGRAM = ROOT / "Sources" / "Programs" / "tulled"

HEAD = """\
# Settings of `tulled`

Each can be given as a flag, as an environment variable, or in a YAML file (`--config`, or `TULLED_CONFIG`), where dots are
levels; flags win over variables, those over the file. Lists are repeated flags, or a variable with commas. Durations are
written `250ms`, `30s`, `15m`, `24h` or `7d`. AWS credentials and endpoints come from AWS's own variables and files.

```
tulled --state-dir /var/lib/tulled --public-url https://tulled.internal:15012 --region eu-west-1 \\
    --cluster shop --binding arn:aws:iam::111122223333:role/web=shop/web --config-dir /etc/tulle
```

The state directory must be mode 0700. A wrong setting ends the start with status 64 and a line for each fault, a
configuration file that cannot be read with status 66.

<!-- made by scripts/tulled-settings.py: change the code and run it again -->

| in the file | flag | variable | meaning |
|---|---|---|---|
"""


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def page() -> str:
    program = "".join(path.read_text() for path in sorted(PROGRAM.glob("*.swift")))
    meanings = {
        kebab(name): text for text, name in re.findall(r'@Option\(help: "([^"]*)"\)\s*var (\w+):', program)
    }
    rows = []
    for path, flag, more in re.findall(r'\.init\(\s*"([\w.]+)",\s*flag: "([\w-]+)"(?:,\s*also: \[([^\]]*)\])?', SETTINGS.read_text()):
        if flag not in meanings:
            sys.exit(f"tulled-settings: --{flag} of {path} is no flag of tulled, or has no help")
        meaning = meanings[flag]
        variables = ["TULLED_" + flag.upper().replace("-", "_")] + re.findall(r'"(\w+)"', more)
        names = ", ".join(f"`{name}`" for name in variables)
        rows.append(f"| `{path}` | `--{flag}` | {names} | {meaning.replace('<', '&lt;')} |\n")
    if len(rows) < 30:
        sys.exit(f"tulled-settings: only {len(rows)} settings were found; has the table changed its form?")
    return HEAD + "".join(rows)


def main() -> None:
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.exit("docs/tulled-settings.md is not what the code says; run scripts/tulled-settings.py")
        return
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
