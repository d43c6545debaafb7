"""Set the version and cut the changelog: `python tools/release.py 0.2.0`.

With ``--check`` it changes nothing, and compares the files that name the version.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = {  # each file that names the version, and the text around it
    "ipar_results/version.py": re.compile(r'(?<=^__version__ = ")[^"]+(?=")', re.MULTILINE),
    "labextension/package.json": re.compile(r'(?<=^  "version": ")[^"]+(?=")', re.MULTILINE),
    "labextension/src/protocol/types.ts": re.compile(
        r"(?<=^export const VERSION = ')[^']+(?=')", re.MULTILINE
    ),
    "conda/recipe.yaml": re.compile(r'(?<=^  version: ")[^"]+(?=")', re.MULTILINE),
}
_NUMBER = r"(?:0|[1-9]\d*)"
VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")
UNRELEASED = "## [Unreleased]\n"


def main() -> int:
    """Change the files, or check them; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("version", nargs="?", help="such as 0.2.0")
    parser.add_argument("--check", action="store_true", help="change nothing")
    wanted = parser.parse_args()
    if wanted.check:
        found = read_versions(ROOT)
        print(*(f"{version}  {name}" for name, version in found.items()), sep="\n")
        return int(len(set(found.values())) > 1)
    try:
        release(ROOT, wanted.version or "", datetime.date.today())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def read_versions(root: Path) -> dict[str, str]:
    """Return the version that each file names."""
    found = {name: pattern.search((root / name).read_text("utf-8")) for name, pattern in VERSIONS.items()}
    return {name: match[0] if match else "none" for name, match in found.items()}


def release(root: Path, version: str, today: datetime.date) -> None:
    """Set the version in each file, and give the unreleased changes that version and a date.

    Raises
    ------
    ValueError
        The version is malformed or the present one, or nothing is unreleased. Nothing has been changed.
    """
    if not VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is no version: expected one such as 0.2.0")
    path = root / "CHANGELOG.md"
    changes = path.read_text("utf-8")
    before, found, after = changes.partition(UNRELEASED)
    if not found or not after.partition("\n## ")[0].strip():
        raise ValueError("CHANGELOG.md has nothing below [Unreleased]: there is nothing to release")
    if f"\n## [{version}]" in changes:
        raise ValueError(f"CHANGELOG.md has {version} already: a version is published once")
    for name, pattern in VERSIONS.items():
        text, count = pattern.subn(version, (root / name).read_text("utf-8"), count=1)
        assert count, f"{name} names no version"
        (root / name).write_text(text, "utf-8")
    path.write_text(f"{before}{UNRELEASED}\n## [{version}] - {today.isoformat()}\n{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
