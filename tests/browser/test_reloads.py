"""A page that is loaded anew, over and over, leaves nothing behind in the kernel or the server."""

import pytest
from figures import FIGURES, figures
from test_labextension import card
from test_live import MAP, errors, load, run

pytestmark = [pytest.mark.browser, pytest.mark.cluster]
__all__ = ["errors"]  # a fixture

WARM = 2  # the first pages set up what later ones use
LIVE = "document.querySelector('.ipar-result')?.dataset.connection === 'live'"


@pytest.mark.timeout(1800)
def test_reloads_leave_nothing_behind(jupyter_server, cluster, page, context, until, errors, request):
    """Comms, threads, records and objects of the kernel, and the server's connections, stay as they are.

    ``--reloads=100`` asks for more of them.
    """
    reloads = request.config.getoption("reloads")
    cells = [load(cluster), MAP.format(seconds=0.01, tasks=20) + "ar.wait()\nar", FIGURES]
    jupyter_server.open(page, "reloads.ipynb", cells)
    run(jupyter_server, page, 0, 1)
    card(jupyter_server, page, 1).wait_for()
    jupyter_server.save(page, "reloads.ipynb")

    def seen():
        run(jupyter_server, page, 2)
        printed = until(lambda: jupyter_server.output(page, 2).inner_text().strip())
        return figures(printed)

    def connections():
        script = "fetch(`${document.baseURI.split(/lab|notebooks/)[0]}api/kernels`).then(r => r.json())"
        kernel = page.evaluate(
            "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.id"
        )
        return next(each["connections"] for each in page.evaluate(script) if each["id"] == kernel)

    def reload(times):
        for _ in range(times):
            page.reload()
            page.wait_for_function(LIVE, timeout=120_000)
        jupyter_server.wait_idle(page)

    reload(WARM)
    before, objects = seen()
    open_before = connections()
    reload(reloads)
    after, more = seen()
    print(f"{jupyter_server.front_end}: {after}, {more - objects} objects more after {reloads} reloads")
    assert all(after[name] <= before[name] for name in before), (before, after)  # a thread may end meanwhile
    assert (after["comms"], after["encoders"]) == (1, 1)
    assert more - objects < 500 + 30 * reloads  # a cell more in the history, and what IPython keeps of it
    until(lambda: connections() <= open_before)
    assert errors == []
