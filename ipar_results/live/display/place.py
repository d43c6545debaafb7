"""Place of a display: the request whose output it is part of, or the Output widget that captures it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ipywidgets import Output


class Place(NamedTuple):
    """Where displays are shown now."""

    request: str | None = None  # message id of the one that runs; None if the kernel does not tell it
    # the widget that captures what is displayed; it takes in no update of a display, only those of widgets
    output: Output | None = None

    def is_cleared_with(self, other: Place) -> bool:
        """Return whether ``clear_output()`` there removes what is displayed here."""
        if self.output is not None:
            return self.output is other.output
        return other.output is None and self.request is not None and self.request == other.request


def current_place(shell: Any) -> Place:
    """Return where a display would be shown now."""
    try:
        request = shell.get_parent()["header"]["msg_id"]
        return Place(request, _capturing_output(request))
    except Exception:  # not ipykernel
        return Place()


def is_console(shell: Any) -> bool:
    """Return whether a console runs the present cell: it draws each display once, and ignores updates.

    jupyter console, qtconsole and euporie answer ``input()``, and send requests through jupyter_client, whose
    message ids begin with the id of the session. nbclient and papermill do not answer. JupyterLab and VS Code
    make ids of another form, and name the cell.
    """
    try:
        request = shell.kernel.get_parent("shell")
        header, content, metadata = request["header"], request["content"], request.get("metadata", {})
        return bool(
            content.get("allow_stdin")
            and header["msg_id"].startswith(f"{header['session']}_")
            and not metadata.get("cellId")
        )
    except Exception:  # not ipykernel
        return False


def executes_notebook(shell: Any) -> bool:
    """Return whether nbclient runs the present cell, as for papermill: it ignores what follows the last one.

    It answers no ``input()``, and starts kernels that keep no history.
    """
    try:
        answers = shell.kernel.get_parent("shell")["content"].get("allow_stdin", True)
        return not answers and shell.history_manager.hist_file == ":memory:"
    except Exception:  # not ipykernel
        return False


def _capturing_output(request: str) -> Output | None:
    if "ipywidgets" not in sys.modules:
        return None
    from ipywidgets import Output
    from ipywidgets.widgets.widget import _instances

    widgets = reversed(list(_instances.values()))
    return next((each for each in widgets if isinstance(each, Output) and each.msg_id == request), None)
