"""A version is set in one place, and the changelog is cut, before anything is built."""

import datetime
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from release import VERSIONS, read_versions, release  # noqa: E402

DAY = datetime.date(2027, 1, 2)


@pytest.fixture
def checkout(tmp_path):
    for name in (*VERSIONS, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def contents(folder):
    return {path: path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def test_all_files_name_one_version():
    assert len(set(read_versions(ROOT).values())) == 1


def test_a_release_sets_the_version_everywhere_and_changes_nothing_else(checkout):
    before = contents(checkout)
    old = read_versions(checkout)
    release(checkout, "7.8.9", DAY)
    assert set(read_versions(checkout).values()) == {"7.8.9"}
    for name in VERSIONS:
        text = (checkout / name).read_text("utf-8")
        assert text.replace("7.8.9", old[name], 1) == before[checkout / name], name


def test_a_release_dates_the_changes_and_begins_a_new_empty_list(checkout):
    before = (checkout / "CHANGELOG.md").read_text("utf-8")
    release(checkout, "7.8.9", DAY)
    after = (checkout / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]\n\n## [7.8.9] - 2027-01-02\n\n" in after
    assert after.replace("## [7.8.9] - 2027-01-02\n\n", "", 1) == before


@pytest.mark.parametrize("version", ["", "1.0", "v1.0.0", "1.0.0 ", "1.0.0rc1", "01.0.0"])
def test_a_malformed_version_is_refused_and_nothing_changes(checkout, version):
    before = contents(checkout)
    with pytest.raises(ValueError, match="is no version"):
        release(checkout, version, DAY)
    assert contents(checkout) == before


def test_a_version_is_cut_once(checkout):
    release(checkout, "7.8.9", DAY)
    with pytest.raises(ValueError, match="nothing to release"):
        release(checkout, "7.8.9", DAY)
    path = checkout / "CHANGELOG.md"
    path.write_text(path.read_text("utf-8").replace("[Unreleased]\n", "[Unreleased]\n\n- More\n", 1), "utf-8")
    before = contents(checkout)
    with pytest.raises(ValueError, match="published once"):
        release(checkout, "7.8.9", DAY)
    assert contents(checkout) == before
