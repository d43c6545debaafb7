"""The report on an installation says what is known, and "unknown" where nothing is."""

import json
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest

from ipar_results.live import installation
from ipar_results.live.installation import check, report
from ipar_results.version import __version__


def fake_session(shell=None, kernel=True, enabled=True, channel=None):
    return SimpleNamespace(shell=shell, in_kernel=kernel, enabled=enabled, channel=channel)


def connected(version):
    return SimpleNamespace(connected=True, front_version=version)


def row(name, session=None):
    (found,) = [each for each in report(session) if each.name == name]
    return found


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Folders of Jupyter that are empty, and no server that started this process."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda name: [str(tmp_path / name)])
    (tmp_path / "runtime").mkdir()
    return tmp_path


def test_it_is_printed_as_a_table_and_starts_no_session(capsys, monkeypatch):
    monkeypatch.setattr(installation.holder, "session", None)
    check()
    lines = capsys.readouterr().out.splitlines()
    column = lines[0].index("no ")
    assert lines[0].split(maxsplit=2) == [
        "ipar_results",
        "no",
        f"{__version__}, not loaded: %load_ext ipar_results",
    ]
    assert {line[column - 2 : column] for line in lines} == {"  "}
    assert {"ipyparallel", "ipykernel", "ipywidgets", "traitlets", "IPython"} <= {
        line.split()[0] for line in lines
    }
    assert installation.holder.session is None


@pytest.mark.parametrize(
    ("session", "works", "facts"),
    [
        (None, "unknown", "known once ipar_results is loaded"),
        (fake_session(enabled=False), "unknown", "known once"),
        (fake_session(kernel=False), "-", "a program without IPython"),
        (fake_session(shell=1, kernel=False), "-", "IPython in a terminal"),
        (fake_session(shell=1), "no", "cannot answer a labextension"),
        (fake_session(shell=1, channel=SimpleNamespace(connected=False)), "unknown", "no labextension has"),
        (fake_session(shell=1, channel=connected(__version__)), "ok", f"{__version__}, a labextension is"),
        (fake_session(shell=1, channel=connected("0.0.1")), "no", f"the kernel's is {__version__}"),
        (fake_session(shell=1, channel=connected(None)), "unknown", "of another version"),
    ],
)
def test_a_front_end_is_ok_only_with_a_connected_labextension_of_the_same_version(session, works, facts):
    found = row("front end", session)
    assert (found.works, facts in found.facts) == (works, True), found


def test_the_labextension_is_looked_up_where_a_server_would(places):
    assert row("labextension").works == "unknown"
    folder = places / "labextensions" / "ipar-results"
    folder.mkdir(parents=True)
    for version, works in ((__version__, "ok"), ("0.0.1", "no")):
        (folder / "package.json").write_text(json.dumps({"version": version}))
        found = row("labextension")
        assert (found.works, str(folder) in found.facts) == (works, True), found
        assert found.facts.startswith(f"{version}, ")


def test_a_broken_file_is_unknown_and_the_other_lines_remain(places):
    folder = places / "labextensions" / "ipar-results"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text("{")
    found = row("labextension")
    assert (found.works, found.facts.split(":")[0]) == ("unknown", "JSONDecodeError")
    assert row("Python").works == "ok"


def test_the_server_is_named_without_its_token(places, monkeypatch):
    assert row("server").works == "unknown"
    monkeypatch.setenv("JPY_PARENT_PID", "7")
    facts = {"version": "9.9.9", "token": "secret", "url": "http://host/?token=secret"}
    (places / "runtime" / "jpserver-7.json").write_text(json.dumps(facts))
    assert row("server")[1:] == ("ok", "Jupyter Server 9.9.9")
    assert not [each for each in report(None) if "secret" in each.facts]


def test_a_package_that_is_missing_or_too_old_is_said_to_be(monkeypatch):
    versions = {"ipykernel": "7.0.1", "pandas": None, "tqdm": None}

    def find(name):
        found = versions.get(name, "99")
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(installation, "version", find)
    assert row("ipykernel").works == "no"
    assert row("ipykernel").facts.startswith("7.0.1; needed is ")
    assert row("tqdm")[1:] == ("no", "not installed; needed is >=4.60")
    assert row("pandas")[1:] == ("-", "not installed; only for to_dataframe()")
    assert row("ipyparallel")[1:] == ("ok", "99")


def test_an_installation_without_metadata_is_reported_too(monkeypatch):
    def find(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(installation, "requires", find)
    assert row("packages").works == "unknown"


def test_text_from_outside_cannot_control_a_terminal(places):
    folder = places / "labextensions" / "ipar-results"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": "1\x1b[2J\nok"}))
    assert "\x1b" not in row("labextension").facts and "\n" not in row("labextension").facts
