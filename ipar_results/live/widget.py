"""The live card out of stock ipywidgets, so that every front end with widgets can draw it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import ipywidgets
from traitlets import Bool, Float, Int, Unicode

from ..render import html
from ..snapshot import Snapshot

FOLD_INTERVAL = 1.0
_FOLDS = ("Engines", "Tasks", "Output")
_MIRRORED = (
    "name",
    "state",
    "total",
    "done",
    "ok",
    "failed",
    "aborted",
    "running",
    "queued",
    "elapsed",
    "finished",
)


class ResultWidget(ipywidgets.VBox):  # type: ignore[misc]
    """A result's card as a widget: place it in boxes and dashboards, observe its traits.

    Parameters
    ----------
    ar : AsyncResult, optional
        The result to follow to its end; without it the widget stays empty until :meth:`draw`.
    **kwargs
        Traits of the box, such as ``layout``.

    Attributes
    ----------
    name, state : str
    total, done, ok, failed, aborted, running, queued : int
        Counts in inputs, as in :class:`~ipar_results.Snapshot`; read-only, to observe.
    elapsed : float
        Seconds; read-only.
    finished : bool
        Nothing more will come; read-only.
    """

    name = Unicode(read_only=True)
    state = Unicode("queued", read_only=True)
    total = Int(read_only=True)
    done = Int(read_only=True)
    ok = Int(read_only=True)
    failed = Int(read_only=True)
    aborted = Int(read_only=True)
    running = Int(read_only=True)
    queued = Int(read_only=True)
    elapsed = Float(read_only=True)
    finished = Bool(read_only=True)

    def __init__(self, ar: Any = None, **kwargs: Any) -> None:
        # The style travels once, apart from the parts that change.
        style = ipywidgets.HTML(f"<style>{html.style()}{_flat()}</style>", layout={"display": "none"})
        self._head, self._failures, *self._details = (ipywidgets.HTML() for _ in range(2 + len(_FOLDS)))
        self._folds = ipywidgets.Accordion(children=self._details, titles=_FOLDS, layout={"display": "none"})
        self._folds_time: float | None = None
        super().__init__(children=[style, self._head, self._failures, self._folds], **kwargs)
        self.add_class("ipar-card")
        if ar is not None:
            from ..extension import feed

            feed(ar, self)

    def draw(self, snapshot: Snapshot, *, force: bool = False) -> int:
        """Bring the widget up to a snapshot, touching only the parts whose content changed.

        Parameters
        ----------
        snapshot : Snapshot
        force : bool, optional
            Refresh the folds too. Otherwise they follow at the end and at most once a second of
            :attr:`Snapshot.time`, so that whoever reads them is not disturbed.

        Returns
        -------
        int
            Messages sent to the front end; 0 where nothing changed, or once closed.
        """
        for trait in _MIRRORED:
            self.set_trait(trait, getattr(snapshot, trait))
        if self.comm is None:
            return 0
        sent = _show(self._head, html.head(snapshot)) + _show(self._failures, html.failures(snapshot))
        due = self._folds_time is None or abs(snapshot.time - self._folds_time) >= FOLD_INTERVAL
        if force or due or snapshot.finished:
            self._folds_time = snapshot.time
            sent += self._draw_folds(snapshot)
        return sent

    def close(self) -> None:
        """Close the widget with all its parts; closing twice does nothing."""
        for part in _parts(self):
            if part is not self:
                part.close()
        super().close()

    def _draw_folds(self, snapshot: Snapshot) -> int:
        drawn = (html.engines(snapshot), html.tasks(snapshot), html.outputs(snapshot))
        sent = sum(map(_show, self._details, drawn))
        titles = tuple(map(" ".join, zip(_FOLDS, html.extents(snapshot), strict=True)))
        if self._folds.titles != titles:
            self._folds.titles = titles
            sent += 1
        display = None if snapshot.total and not snapshot.single else "none"
        if self._folds.layout.display != display:
            self._folds.layout.display = display
            sent += 1
        return sent


def _show(part: Any, markup: str) -> int:
    if part.value == markup:
        return 0
    part.value = markup
    return 1


def _parts(widget: Any) -> Iterator[Any]:
    """A widget, what it contains, and the layouts and styles that ipywidgets makes beside them."""
    for child in getattr(widget, "children", ()):
        yield from _parts(child)
    yield from (getattr(widget, beside) for beside in ("layout", "style") if widget.has_trait(beside))
    yield widget


def _flat() -> str:
    return files(__package__).joinpath("widget.css").read_text(encoding="utf-8")
