"""Settings as a Configurable, for `%config` and configuration files."""

from __future__ import annotations

import warnings
from copy import deepcopy

from traitlets import Bunch, Enum, Float, Int, TraitError, validate
from traitlets.config import Config, Configurable

VIEWS = ("auto", "widget", "html", "text")


class IPythonParallelResults(Configurable):
    """How results of IPython Parallel are shown.

    Set with ``%config IPythonParallelResults.rate = 2`` or, in a configuration file,
    ``c.IPythonParallelResults.rate = 2``.
    """

    rate = Float(5.0, help="Updates a second of one shown result, 0.1 to 5.").tag(config=True, range=(0.1, 5))
    html_rate = Float(2.0, help="Updates a second where all HTML is sent anew, 0.1 to 5.").tag(
        config=True, range=(0.1, 5)
    )
    messages = Float(
        10.0, help="Messages a second to the browser, all shown results together, 1 to 100."
    ).tag(config=True, range=(1, 100))
    view = Enum(
        VIEWS,
        "auto",
        help="What a notebook shows while work runs: widget, html, text, or auto for the best it can draw.",
    ).tag(config=True)
    contact_timeout = Float(
        30.0, help="Seconds without an answer after which the controller counts as lost, 1 to 3600."
    ).tag(config=True, range=(1, 3600))
    tasks = Int(50, help="Rows in the table of tasks, 0 to 50.").tag(config=True, range=(0, 50))
    engines = Int(64, help="Rows in the table of engines, 0 to 256.").tag(config=True, range=(0, 256))
    failures = Int(20, help="Kinds of failure shown, 1 to 100.").tag(config=True, range=(1, 100))
    outputs = Int(20, help="Tasks whose output is shown, 0 to 20.").tag(config=True, range=(0, 20))

    @validate("rate", "html_rate", "messages", "contact_timeout", "tasks", "engines", "failures", "outputs")
    def _check_range(self, proposal: Bunch) -> object:
        name, value = proposal.trait.name, proposal.value
        low, high = proposal.trait.metadata["range"]
        if not low <= float(value) <= high:
            msg = f"IPythonParallelResults.{name} = {value!r}: expected a number from {low:g} to {high:g}"
            raise TraitError(msg)
        return value

    def update_config(self, config: Config) -> None:
        """Set what ``%config`` gives; a refused value is removed, as IPython hands it on to the shell."""
        try:
            super().update_config(config)
        except TraitError:
            config.pop(type(self).__name__, None)
            raise


def load_settings(parent: Configurable | None) -> IPythonParallelResults:
    """Return the user's settings; warn of each that is invalid, and leave it at its default."""
    try:
        return IPythonParallelResults(parent=parent)
    except TraitError:
        assert parent is not None, "the defaults are valid"
    config, name = deepcopy(parent.config), IPythonParallelResults.__name__
    for key, value in list(config[name].items()):
        try:
            IPythonParallelResults(config=Config({name: {key: value}}))
        except TraitError as error:
            warnings.warn(f"{str(error).rstrip('.')}; the default is used", stacklevel=5)
            del config[name][key]
    return IPythonParallelResults(parent=parent, config=config)
