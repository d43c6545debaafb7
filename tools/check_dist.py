"""Checks of dist/ that no public tool makes: links and pictures of the description, and the conda recipe."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement
from rattler_build import Stage0Recipe, VariantConfig
from readme_renderer import markdown

ROOT = Path(__file__).resolve().parents[1]
PLACEHOLDER = "https://example.org/"
ADDRESS = re.compile(r'(?:href|src)="([^"]*)"')


def main() -> int:
    """Print what is wrong, or one line for each part; 1 where something is wrong."""
    metadata = [read_wheel(path) for path in (ROOT / "dist").glob("*.whl")]
    metadata += [read_sdist(path) for path in (ROOT / "dist").glob("*.tar.gz")]
    if len(metadata) != 2:
        print("expected one wheel and one sdist in dist/")
        return 1
    wheel, sdist = metadata
    wrong = (
        [] if wheel.as_bytes() == sdist.as_bytes() else ["the wheel and the sdist differ in their metadata"]
    )
    wrong += check_description(wheel) + check_recipe(wheel, ROOT / "conda" / "recipe.yaml")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    if any(PLACEHOLDER in url for url in wheel.get_all("Project-URL", [])):
        print(f"Not to be uploaded yet: [project.urls] and the recipe stand on {PLACEHOLDER}, a placeholder")
    return int(bool(wrong))


def read_wheel(path: Path) -> Message:
    """Return the metadata of a wheel."""
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


def read_sdist(path: Path) -> Message:
    """Return the metadata of an sdist."""
    with tarfile.open(path) as archive:
        file = archive.extractfile(f"{path.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert file is not None
        return message_from_bytes(file.read())


def check_description(metadata: Message) -> list[str]:
    """Render the description as PyPI does; return what is wrong with its links and pictures."""
    page = markdown.render(metadata.get_payload())
    if page is None:
        return ["the description cannot be rendered"]
    addresses = ADDRESS.findall(page)
    urls = dict(url.split(", ", 1) for url in metadata.get_all("Project-URL", []))
    source, tag = urls["Source"], f"v{metadata['Version']}"
    wrong = [f"a relative link: {each}" for each in addresses if not each.startswith(("https://", "#"))]
    for address in addresses:
        kind, _, name = address.removeprefix(f"{source}/").partition(f"/{tag}/")
        if kind in ("raw", "blob") and not (ROOT / name.partition("#")[0]).is_file():
            wrong.append(f"a link to a file that is not there: {address}")
    pictures = sum(f'src="{source}/raw/{tag}/docs/' in line for line in page.splitlines())
    if not pictures:
        wrong.append("the description shows no picture")
    print(
        f"description: {pictures} pictures and {len(addresses) - pictures} links, all absolute"
        if not wrong
        else ""
    )
    return wrong


def check_recipe(metadata: Message, path: Path) -> list[str]:
    """Parse and render the recipe as conda-forge does; return where it differs from the wheel."""
    recipe = Stage0Recipe.from_file(path)
    least = metadata["Requires-Python"].removeprefix(">=")
    (rendered,) = recipe.render(VariantConfig({"python_min": [least]}))
    found = rendered.recipe.to_dict()
    wanted = {each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each}
    run = {canonical(each) for each in found["requirements"]["run"]} - {canonical(f"python>={least}")}
    about = found["about"]
    pairs = {
        "version": (found["package"]["version"], metadata["Version"]),
        "requirements": (run, {canonical(each) for each in wanted}),
        "license": (about["license"], metadata["License-Expression"]),
        "summary": (about["summary"], metadata["Summary"]),
        "repository": (f"Source, {about['repository']}" in metadata.get_all("Project-URL", []), True),
    }
    wrong = [
        f"recipe: {name} is {one}, the wheel's {other}"
        for name, (one, other) in pairs.items()
        if one != other
    ]
    if not wrong:
        print(
            f"conda recipe: renders as {found['package']['name']} {found['package']['version']}, "
            f"with the {len(run)} requirements of the wheel"
        )
    return wrong


def canonical(requirement: str) -> tuple[str, str]:
    """Return the name and the sorted versions of a requirement of pip or conda."""
    parsed = Requirement(requirement)
    return parsed.name, str(parsed.specifier)


if __name__ == "__main__":
    sys.exit(main())
