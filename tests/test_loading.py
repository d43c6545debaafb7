"""What loading brings in, and what waits for its first use."""

import subprocess
import sys
import textwrap

import pytest

import ipar_results

# what takes long to import, and what only a shown or followed result needs
LATER = (
    "numpy",
    "jinja2",
    "markupsafe",
    "ipywidgets",
    "tqdm",
    "pandas",
    "ipar_results.record.recorder",
    "ipar_results.record.columns",
    "ipar_results.model.snapshot",
    "ipar_results.render",
    "ipar_results.export",
    "ipar_results.live.display.display",
)
LOADED = f"""
import sys
import ipyparallel
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "ipar_results")
later = [name for name in {LATER} if name in sys.modules and name not in before]
"""


def told(code):
    """What a fresh interpreter prints at the end of some code that loads the extension."""
    code = LOADED + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_loading_imports_neither_numpy_nor_renderers():
    assert told("print(later)") == "[]"


def test_unloading_imports_nothing_more():
    assert told("shell.run_line_magic('unload_ext', 'ipar_results'); print(later)") == "[]"


def test_the_first_use_of_a_client_imports_what_its_replies_need():
    """The thread in which answers come imports nothing: it is a client's first use that does."""
    code = """
        class Client:
            _ids, _engines, _registration_callbacks, _closed = [], {}, [], False

        import ipar_results
        ipar_results.live.session.current().registry.connection(Client())
        rooms = "numpy", "ipar_results.record.recorder", "ipar_results.results.followed"
        print([name for name in rooms if name not in sys.modules])
    """
    assert told(code) == "[]"


@pytest.mark.parametrize("name", ipar_results.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(ipar_results, name) is getattr(ipar_results, name)
    assert name in dir(ipar_results)


def test_functions_are_not_shadowed_by_modules_of_the_same_name():
    code = """
        import ipar_results.results.group.group, ipar_results.results.monitor, ipar_results.comparison
        from ipar_results import group, monitor, compare, load, as_completed
        print(all(map(callable, (group, monitor, compare, load, as_completed))))
    """
    assert told(code) == "True"


def test_an_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'progress_bar'"):
        _ = ipar_results.progress_bar
