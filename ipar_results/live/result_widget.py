"""Public widget that follows a result."""

from __future__ import annotations

from ..model.snapshot import Snapshot
from ..upstream.protocols import AsyncResultLike
from .display.result_view import LiveWidget
from .display.widget import CardWidget
from .session import current


class ResultWidget(CardWidget):
    """Card of a result as a widget: place it in boxes and dashboards, observe its traits.

    Parameters
    ----------
    ar : AsyncResult, optional
        The result to follow to its end; without it the widget stays empty until :meth:`draw`.
    snapshot : Snapshot, optional
        Drawn at once, before the result's own state.
    **kwargs
        Traits of the box, such as ``layout``.

    Attributes
    ----------
    name, state : str
    total, done, ok, failed, aborted, running, queued : int
        Counts of tasks, as in :class:`~ipar_results.Snapshot`; read-only, to observe.
    elapsed : float
        Seconds; read-only.
    finished : bool
        Whether nothing will change any more; read-only.
    """

    def __init__(
        self, ar: AsyncResultLike | None = None, *, snapshot: Snapshot | None = None, **kwargs: object
    ) -> None:
        super().__init__(snapshot, **kwargs)
        if ar is not None:
            session = current()  # also while the layer is off
            live = LiveWidget(ar, session.followed(ar), session.config, self)
            live.send()
            if not live.over:
                session.ticker.add(live)
