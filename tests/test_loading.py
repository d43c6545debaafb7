"""Modules that are imported by `%load_ext`, and at first use."""

import subprocess
import sys
import textwrap

import pytest

import ipar_results

# slow imports, and modules that are needed only once a result is followed or displayed
LAZY = (
    "numpy",
    "jinja2",
    "markupsafe",
    "ipywidgets",
    "tqdm",
    "pandas",
    "ipar_results.attach.replacements.imap",
    "ipar_results.attach.replacements.results",
    "ipar_results.attach.replacements.waiting",
    "ipar_results.export",
    "ipar_results.live.display.display",
    "ipar_results.live.installation",
    "ipar_results.live.wait",
    "ipar_results.model",
    "ipar_results.record",
    "ipar_results.render",
    "ipar_results.results.group",
    "ipar_results.results.monitor",
)
LOADED = f"""
import sys
import ipyparallel
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "ipar_results")
imported = [name for name in {LAZY} if name in sys.modules and name not in before]
"""


def run(code):
    """Return the output of code that runs in a new interpreter with the extension loaded."""
    code = LOADED + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_loading_imports_neither_numpy_nor_renderers():
    assert run("print(imported)") == "[]"


def test_unloading_imports_nothing_more():
    assert run("shell.run_line_magic('unload_ext', 'ipar_results'); print(imported)") == "[]"


def test_the_first_use_of_a_client_imports_what_its_replies_need():
    """Otherwise the first reply would import them on the client's IO thread."""
    code = """
        class Client:
            _ids, _engines, _registration_callbacks, _closed = [], {}, [], False

        import ipar_results
        ipar_results.live.session.current().registry.connection(Client())
        needed = "numpy", "ipar_results.record.recorders.recorder", "ipar_results.results.followed"
        print([name for name in needed if name not in sys.modules])
    """
    assert run(code) == "[]"


def test_the_first_result_imports_what_its_end_needs():
    """Otherwise its first reply would import them on the client's IO thread."""
    code = """
        import threading
        from ipyparallel import AsyncResult
        from ipyparallel.client.client import Metadata
        from ipyparallel.client.futures import MessageFuture

        class Client:
            _ids, _engines, _registration_callbacks, _closed, outstanding = [], {}, [], False, set()

        future = MessageFuture("m")
        future.output = MessageFuture("m")
        future.output.metadata = Metadata(msg_id="m")
        result = AsyncResult(Client(), [future])
        before = set(sys.modules)

        def reply():
            future.output.metadata.update(status="ok", engine_id=0)
            future.set_result(0)
            future.output.set_result(None)

        thread = threading.Thread(target=reply)
        thread.start()
        thread.join()
        print(result.done(), sorted(set(sys.modules) - before))
    """
    assert run(code) == "True []"


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
    assert run(code) == "True"


def test_an_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'progress_bar'"):
        _ = ipar_results.progress_bar
