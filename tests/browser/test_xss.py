"""Every text that a task, a user or an engine can fill, in every view, under a policy that reports."""

import json

import pytest
import samples
from fakes import Fed, follow
from test_live import done, errors, load, run
from test_panel import panel
from trap import FOUND, PAYLOADS, TRAP, strict

from ipar_results.attach.magics import listing
from ipar_results.comparison import compare
from ipar_results.model.cluster import ClusterOverview, EngineActivity
from ipar_results.render import cluster, html
from ipar_results.results.monitor import Monitor

pytestmark = pytest.mark.browser
__all__ = ["errors", "panel"]  # fixtures

HALVES = PAYLOADS[::2], PAYLOADS[1::2]  # JupyterLab shows fifty outputs of a cell
SHOWN = ("running", "failed", "done", "one", "one_failed", "lost")


@pytest.fixture
def show(context):
    """Show a page under a policy that lets nothing run."""
    return strict(context)


def timeline(text):
    """A timeline whose lanes carry a text."""
    fed = Fed(4)
    followed = follow(fed)
    for i in range(4):
        fed.reply(i, engine_id=None, engine_uuid=f"{i}{text}")
    followed.drain()

    return followed.timeline()


def views(text):
    """Every static view, with the text wherever one can stand."""
    poisoned = [samples.poisoned(samples.ALL[name], text) for name in SHOWN]
    yield from map(html.card, poisoned)
    yield html.card(poisoned[2], timeline=timeline(text))
    yield listing.html_table([listing.ResultRow(1, poisoned[0], (text,), 1)], 1)
    yield compare(poisoned[0], poisoned[1])._repr_html_()
    engine = EngineActivity(0, busy=True, result_name=text, index=0, seconds=1.0)
    yield cluster.card(
        ClusterOverview(
            text, text, engines=(engine,), settings=(text,), profile=text, controller=text, note=text
        )
    )


def test_the_trap_catches_what_is_not_escaped(page, show):
    """Most of the texts do something where they stand as they are: what follows can fail."""
    caught = [text for text in PAYLOADS if show(page, f'<!doctype html><body><p title="{text}">{text}</p>')]
    assert len(caught) >= 40


def test_no_text_does_anything_in_a_static_view(page, show):
    """Cards of every state, timelines, `%ipar`, two runs compared, what shows a client: nothing runs."""
    assert len(PAYLOADS) >= 40
    for text in PAYLOADS:
        parts = "\n".join(f"<section>{view}</section>" for view in views(text))
        assert show(page, f"<!doctype html><meta charset=utf-8><body>{parts}") == [], text
        assert page.locator("body > section").count() == len(SHOWN) + 4, text
        assert page.locator("img, iframe, object, embed, base, form, video, audio, a[href]").count() == 0


def test_no_text_does_anything_in_a_report(page, context, tmp_path):
    """A saved report runs its own script and nothing else."""
    context.add_init_script(TRAP)
    for n in range(0, len(PAYLOADS), 4):
        texts = PAYLOADS[n : n + 4]
        fed = Fed(2 * len(texts))
        monitor = Monitor(fed.result, follow(fed))
        fed.result._fname = monitor._followed.record.name = " ".join(texts)
        for i, text in enumerate([*texts, *texts]):
            where = {"engine_id": None, "engine_uuid": f"{i}{text}", "stdout": text, "stderr": text}
            if i < len(texts):
                fed.fail(i, message=text, kind=text, traceback=text, **where)
            else:
                fed.reply(i, **where)
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        path = monitor.save_report(tmp_path / "report.html", overwrite=True)
        page.goto(path.as_uri())
        page.locator(".ipar-pane canvas").wait_for()
        page.locator(".ipar-pane").press("ArrowRight")
        assert [*page.evaluate("window.caught"), *page.evaluate(FOUND)] == [], texts
        assert set(asked) == {path.as_uri()}, texts


WORK = """
import json
VIEW = {view!r}
%config IPythonParallelResults.view = VIEW
%config IPythonParallelResults.messages = 30
from ipar_results.live import ticker
ticker.BYTES_A_SECOND = 1_000_000  # or most of the test would wait for room
TEXTS = json.loads({texts!r})
def evil(text):
    import sys
    from IPython.display import publish_display_data
    print(text); print(text, file=sys.stderr)
    publish_display_data({{"text/plain": text, "text/html": text, "text/markdown": text}})
    raise type(text.replace("\\0", "0"), (Exception,), {{}})(text)
ars = []
for text in TEXTS:
    evil.__name__ = text
    ar = view.map_async(evil, [text, text])
    ar._fname = text
    ars.append(ar)
    display(ar)
"""
ENDED = "for ar in ars: ar.wait()\n%ipar"
POLICY = (
    "script-src 'self' 'unsafe-eval' 'report-sample'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-src 'self'; img-src 'self' data: blob:"
)


FORBID = """policy => {
    const rule = document.createElement('meta');
    rule.httpEquiv = 'Content-Security-Policy';
    rule.content = policy;
    document.head.append(rule);
    window.caught.length = 0;  // JupyterLab's own
}"""


def police(page):
    """From now on the page lets nothing run but the server's own scripts, and says what it stopped."""
    page.evaluate(FORBID, POLICY)


def policed_when_loaded(page):
    """The same from before a notebook is drawn, whenever the page is loaded anew."""
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => {"
        f"({FORBID})({json.dumps(POLICY)}); window.policed = true; }});"
    )


def told(page):
    """What was caught since the last call."""
    return [*page.evaluate("window.caught.splice(0)"), *page.evaluate(FOUND)]


@pytest.mark.cluster
@pytest.mark.parametrize("part", range(3))
def test_no_text_does_anything_in_a_notebook(jupyter_server, cluster, page, panel, until, errors, part):
    """Cards while they move and after, their folds, `%ipar`, the panel, and the notebook opened again."""
    if part and jupyter_server.front_end != "lab":
        pytest.skip("Notebook has the same renderer: a third of the texts is played there")
    texts, name = PAYLOADS[part::3], f"xss-{part}.ipynb"
    page.add_init_script(TRAP)
    cells = [load(cluster), WORK.format(view="auto", texts=json.dumps(texts)), ENDED]
    jupyter_server.open(page, name, cells)
    police(page)
    run(jupyter_server, page, 0)
    jupyter_server.run(page, 1)
    jupyter_server.wait_ran(page, 1, timeout=120)
    assert told(page) == []
    jupyter_server.run(page, 2)
    jupyter_server.wait_ran(page, 2, timeout=120)
    until(lambda: done(jupyter_server, page, 1) == 2)
    bars = jupyter_server.output(page, 1).get_by_role("progressbar")
    until(lambda: bars.count() == len(texts) and bars.last.get_attribute("aria-valuenow") == "2")
    output = jupyter_server.output(page, 1)
    output.locator("details").evaluate_all("folds => folds.forEach(fold => { fold.open = true; })")
    output.locator(".ipar-fold[aria-expanded=false]").evaluate_all("folds => folds.forEach(f => f.click())")
    panel().get_by_role("listitem").first.wait_for()
    assert told(page) == []
    until(lambda: str(jupyter_server.save(page, name).cells[1].outputs).count("text/html") >= len(texts))
    policed_when_loaded(page)
    page.reload()
    jupyter_server.wait_idle(page)
    until(lambda: done(jupyter_server, page, 1) == 2)
    assert page.evaluate("window.policed") is True
    assert [each for each in told(page) if "hacked" in each or "xss.invalid" in each] == []
    assert errors == []


@pytest.mark.cluster
@pytest.mark.parametrize("view", ["html", "widget"])
def test_no_text_does_anything_in_a_view_without_our_own_script(
    plain_server, cluster, page, until, errors, view
):
    """HTML that is sent anew as it moves, and stock widgets, whose own scripts set what we escaped."""
    page.add_init_script(TRAP)
    name = f"xss-{view}.ipynb"
    works = [WORK.format(view=view, texts=json.dumps(texts)) for texts in HALVES]
    plain_server.open(page, name, [load(cluster), *works])
    police(page)
    run(plain_server, page, 0)
    for cell, texts in enumerate(HALVES, 1):
        plain_server.run(page, cell)
        plain_server.wait_ran(page, cell, timeout=180)
        output = plain_server.output(page, cell)
        # each card has said that its two tasks have failed
        counts = output.get_by_text("2 failed")
        until(lambda counts=counts, texts=texts: counts.count() >= len(texts), timeout=150)
        output.locator("details").evaluate_all("folds => folds.forEach(fold => { fold.open = true; })")
        assert output.locator("iframe, object, embed, base, form, video, audio").count() == 0
    assert told(page) == []
    assert errors == []


NAP = """
import os
os.makedirs({folder!r})
os.chdir({folder!r})
def nap(i):
    pass
ar = view.map_async(nap, range(2))
ar.wait()
ar
"""
RENAME = """async name => {
    const { context } = window.jupyterapp.shell.currentWidget;
    await window.jupyterapp.serviceManager.contents.rename(context.path, name);
}"""


@pytest.mark.cluster
def test_no_text_does_anything_as_the_name_of_a_file(lab_server, cluster, page, panel, until, errors):
    """The panel tells of notebooks, and a card of what it has saved where, by whatever names they have."""
    names = [text for text in PAYLOADS if not set(text) & set("/\0")]
    page.add_init_script(TRAP)
    lab_server.open(page, "xss-names.ipynb", [load(cluster), NAP.format(folder="/".join(names))])
    police(page)
    run(lab_server, page, 0, 1)
    output = lab_server.output(page, 1)
    output.get_by_role("button", name="Export").click()
    output.get_by_role("button", name="CSV").click()
    output.locator(".ipar-outcome").get_by_text(names[0]).wait_for()
    assert names[-1] in output.locator(".ipar-outcome").inner_text()
    mine = panel().get_by_role("listitem").filter(has_text="nap").filter(has_text="xss-names")
    mine.wait_for()
    for text in (text for text in names if ":" not in text):  # JupyterLab takes a colon for a drive's
        page.evaluate(RENAME, f"xss-names {text}.ipynb")
        until(lambda text=text: f"{text}.ipynb" in mine.text_content(), message=f"{text!r} was not told")
    assert told(page) == []
    assert errors == []


CLIENTS = """
import json
from IPython.display import display
from gate import Gate
gate = Gate({path!r})
def nap(path, n):
    from gate import hold
    return hold(path, n)
for n, text in enumerate(json.loads({texts!r}), {first}):
    nap.__name__ = text
    ar = view.apply_async(nap, gate.path, n)
    while not ar.monitor.snapshot().running: time.sleep(0.01)
    display(rc)
    gate.open(n + 1)
    ar.wait()
"""


@pytest.mark.cluster
def test_no_text_does_anything_in_what_shows_a_client(plain_server, cluster, page, errors, gate):
    """An engine's work is told by the name of its function."""
    page.add_init_script(TRAP)
    works = [
        CLIENTS.format(texts=json.dumps(texts), path=gate.path, first=n * 1_000)
        for n, texts in enumerate(HALVES)
    ]
    plain_server.open(page, "xss-client.ipynb", [load(cluster), *works])
    police(page)
    run(plain_server, page, 0)
    for cell, texts in enumerate(HALVES, 1):
        plain_server.run(page, cell)
        plain_server.wait_ran(page, cell, timeout=180)
        shown = plain_server.output(page, cell).inner_text()
        assert shown.count("hacked") > len(texts) / 2  # names are cut, and not all of them have it
    assert told(page) == []
    assert errors == []
