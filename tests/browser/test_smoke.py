"""The browser tests' own ground: a notebook opens, runs and is saved."""

import pytest

pytestmark = pytest.mark.browser


def test_a_cell_runs_and_its_output_is_saved(page, jupyter_server):
    """The output is on the page, and in the file once it is saved."""
    jupyter_server.open(page, "smoke.ipynb", ["print(1 + 1)"])
    jupyter_server.run(page, 0)
    jupyter_server.wait_ran(page, 0)
    assert jupyter_server.output(page, 0).inner_text().strip() == "2"
    saved = jupyter_server.save(page, "smoke.ipynb")
    assert saved.cells[0].outputs[0].text == "2\n"
    # JupyterLab's question about news would cover what the other tests look at
    assert page.get_by_text("Jupyter news").count() == 0


def test_a_kernel_without_the_package_gets_no_request_of_ours(page, jupyter_server, until):
    """Each page looks for a comm by a message that every kernel knows: others are logged as errors."""
    sent, logged = [], len(jupyter_server.log_path.read_text())

    def listen(socket):
        socket.on("framesent", lambda data: sent.append(data if isinstance(data, bytes) else data.encode()))

    def queries():
        page.evaluate("1")  # takes in the events
        return sum(b"comm_info_request" in frame and b'"ipar_results"' in frame for frame in sent)

    page.on("websocket", listen)
    jupyter_server.open(page, "quiet.ipynb", ["1 + 1"])
    jupyter_server.run(page, 0)
    jupyter_server.wait_ran(page, 0)
    until(queries)
    first = queries()
    page.reload()
    jupyter_server.wait_idle(page)
    until(lambda: queries() > first)
    assert not [frame for frame in sent if b"ipar_request" in frame]
    assert "UNKNOWN CONTROL MESSAGE" not in jupyter_server.log_path.read_text()[logged:]
