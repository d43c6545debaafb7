"""`%ipar check` on a page, where a labextension is connected and a server started the kernel."""

import re

import pytest

from ipar_results.version import __version__

pytestmark = pytest.mark.browser


def test_check_names_the_connected_labextension_and_the_server(jupyter_server, page, until):
    jupyter_server.open(page, "check.ipynb", ["%load_ext ipar_results", "%ipar check"])
    jupyter_server.run(page, 0)
    jupyter_server.wait_ran(page, 0)

    def printed():
        jupyter_server.run(page, 1)
        jupyter_server.wait_ran(page, 1)
        return jupyter_server.output(page, 1).inner_text()

    until(lambda: re.search(rf"^front end +ok +{re.escape(__version__)}, ", printed(), re.MULTILINE))
    rows = dict(line.split(maxsplit=1) for line in printed().splitlines())
    assert rows["ipar_results"].startswith("ok ")
    assert rows["labextension"].startswith("ok ")
    assert re.match(r"ok +Jupyter Server \d", rows["server"])
