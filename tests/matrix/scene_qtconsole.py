"""qtconsole without a screen: it ignores updates of what was displayed."""

import json
from pathlib import Path

from play import (
    FACTS,
    LOAD,
    START,
    STOP,
    SUBMIT,
    WAIT,
    WORK,
    Environment,
    NotPossibleError,
    expect,
    facts,
    run,
)

# Runs cells in the widget of qtconsole, and prints what it shows.
PLAY = """\
import json, os, sys, time
from qtpy.QtWidgets import QApplication
from qtconsole.manager import QtKernelManager
from qtconsole.rich_jupyter_widget import RichJupyterWidget

def wait_for(text, seconds=150):
    deadline = time.monotonic() + seconds
    while text not in widget._control.toPlainText():
        if time.monotonic() > deadline:
            sys.exit(f"no {text}:\\n{widget._control.toPlainText()}")
        app.processEvents()
        time.sleep(0.01)

app = QApplication([])
manager = QtKernelManager(kernel_name="python3")
manager.start_kernel()
client = manager.client()
client.start_channels()
widget = RichJupyterWidget()
widget.kernel_manager, widget.kernel_client = manager, client
wait_for("In [1]:")
for number, cell in enumerate(json.loads(sys.argv[1]), 2):
    widget.execute(cell)
    wait_for(f"In [{number}]:")
print(widget._control.toPlainText())
client.stop_channels()
manager.shutdown_kernel(now=True)
"""


def scene(environment: Environment, folder: Path) -> str:
    """A bar moves to its end, and the text card has every count."""
    if environment.program("jupyter-qtconsole") is None:
        raise NotPossibleError("qtconsole is not in this environment")
    cells = (LOAD, START, WORK, SUBMIT, WAIT, "ar", FACTS, STOP)
    command = [environment.python, "-c", PLAY, json.dumps(cells)]
    shown = run(command, folder, QT_QPA_PLATFORM="offscreen", QT_API="pyside6")
    assert "| 40/40 [" in shown, f"no bar at its end:\n{shown}"
    assert "39 ok, 1 failed" in shown.partition(WAIT)[2], f"no text card with the end:\n{shown}"
    expect(facts(shown.replace("\n", "")))
    return "bar and the text card with 39 ok and 1 failed"
