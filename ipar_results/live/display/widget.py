"""Card made of stock ipywidgets, so that every front end with widgets can draw it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import ipywidgets
from traitlets import Bool, Float, Int, Unicode

from ...model.snapshot import Snapshot
from ...render import html, style

_FOLD_SECONDS = 1.0
_FOLDS = ("Engines", "Tasks", "Output")


class CardWidget(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Card of a snapshot as a widget whose traits can be observed, named like the snapshot's fields."""

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

    def __init__(self, snapshot: Snapshot | None = None, **kwargs: object) -> None:
        first = snapshot or Snapshot()
        # a widget of its own, so that the style sheet is sent once
        css = style.style_sheet() + files(__package__).joinpath("widget.css").read_text(encoding="utf-8")
        sheet = ipywidgets.HTML(f"<style>{css}</style>", layout={"display": "none"})
        head, *parts = [""] * (2 + len(_FOLDS)) if snapshot is None else _drawn(first)
        self._head = ipywidgets.HTML(head)
        shared = {"layout": self._head.layout, "style": self._head.style}  # each takes a comm
        self._failures, *self._details = (ipywidgets.HTML(part, **shared) for part in parts)
        self._folds = ipywidgets.Accordion(
            children=self._details, titles=_titles(first), layout={"display": _display(first)}
        )
        self._folds_time: float | None = None if snapshot is None else first.time
        children = [sheet, self._head, self._failures, self._folds]
        super().__init__(children, _dom_classes=("ipar-card",), **kwargs)
        self._copy_to_traits(first)

    def draw(self, snapshot: Snapshot, *, force: bool = False) -> int:
        """Draw a snapshot; only the parts whose content has changed are sent.

        Parameters
        ----------
        snapshot : Snapshot
            What to show.
        force : bool, optional
            Draw the folds too. Otherwise they are drawn at the end and at most once a second of
            ``Snapshot.time``, so that they can be read.

        Returns
        -------
        int
            Messages sent to the front end; 0 if nothing has changed, or if the widget is closed.
        """
        self._copy_to_traits(snapshot)
        if self.comm is None:
            return 0
        sent = _show(self._head, html.head(snapshot, live=True)) + _show(
            self._failures, html.fitted(html.failures, snapshot)
        )
        due = self._folds_time is None or abs(snapshot.time - self._folds_time) >= _FOLD_SECONDS
        if force or due or snapshot.finished:
            self._folds_time = snapshot.time
            sent += self._draw_folds(snapshot)
        return sent

    @property
    def closed_by_front_end(self) -> bool:
        """Whether a front end has closed it, because it has no widgets and shows the HTML instead."""
        return bool(getattr(self._head.comm, "_closed", False))

    def close(self) -> None:
        """Close the widget and all its parts; a second call does nothing."""
        for part in self.parts()[:-1]:
            part.close()
        super().close()

    def parts(self) -> list[ipywidgets.Widget]:
        """Return everything that has a comm of its own, each once, and the widget itself last."""
        return list(dict.fromkeys(_parts(self)))

    def _copy_to_traits(self, snapshot: Snapshot) -> None:
        for trait in CardWidget.class_own_traits():
            self.set_trait(trait, getattr(snapshot, trait))

    def _draw_folds(self, snapshot: Snapshot) -> int:
        sent = sum(map(_show, self._details, _details(snapshot)))
        if self._folds.titles != _titles(snapshot):
            self._folds.titles = _titles(snapshot)
            sent += 1
        if self._folds.layout.display != _display(snapshot):
            self._folds.layout.display = _display(snapshot)
            sent += 1
        return sent


def _drawn(snapshot: Snapshot) -> tuple[str, ...]:
    return (html.head(snapshot, live=True), html.fitted(html.failures, snapshot), *_details(snapshot))


def _details(snapshot: Snapshot) -> list[str]:
    return [html.fitted(draw, snapshot) for draw in (html.engines, html.tasks, html.outputs)]


def _titles(snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(map(" ".join, zip(_FOLDS, html.fold_labels(snapshot), strict=True)))


def _display(snapshot: Snapshot) -> str | None:
    return None if snapshot.total and not snapshot.single else "none"


def _show(part: ipywidgets.HTML, markup: str) -> int:
    if part.value == markup:
        return 0
    part.value = markup
    return 1


def _parts(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Yield a widget, its children, and the layouts and styles that ipywidgets adds to them."""
    for child in getattr(widget, "children", ()):
        yield from _parts(child)
    yield from (getattr(widget, beside) for beside in ("layout", "style") if widget.has_trait(beside))
    yield widget
