"""Build hook of hatchling that makes README.md the description on PyPI.

Its links become absolute, because PyPI has no files that relative ones could lead to.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r'(\b(?:src|srcset)=")(?!\w+:)')
_LINK = re.compile(r"(\]\()(?!\w+:|#)(?=[\w./-]+(?:#[\w-]+)?\))")


class ReadmeHook(MetadataHookInterface):
    """Hook that reads README.md, and the address of the repository from ``[project.urls]``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the field ``readme``."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": with_absolute_links(text, metadata["urls"]["Source"], f"v{metadata['version']}"),
        }


def with_absolute_links(text: str, source: str, tag: str) -> str:
    """Return Markdown whose pictures and links lead to the files of a tag, as GitHub serves them."""
    text = _PICTURE.sub(rf"\g<1>{source}/raw/{tag}/", text)
    return _LINK.sub(rf"\g<1>{source}/blob/{tag}/", text)
