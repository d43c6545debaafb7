"""A result in words: one line, the text/plain bundle and a tqdm bar."""

from __future__ import annotations

from typing import TextIO

from tqdm import tqdm

from ..formatting import join_facts
from ..model.snapshot import FailureGroup, Snapshot
from . import words

_GROUPS = 20


def line(snapshot: Snapshot) -> str:
    """Tell a result in one line.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    str
        The facts of the card's head, with no line end and no control characters.
    """
    name = words.name(snapshot)
    if not snapshot.total:
        return f"{name}: {words.progress(snapshot)}"
    pace = [*words.times(snapshot), words.eta(snapshot)]
    if snapshot.single:
        return f"{name} {join_facts(*_single(snapshot), *pace)}"
    counts = ", ".join(filter(None, [*(c.phrase for c in words.counts(snapshot)), words.losses(snapshot)]))
    return f"{name}: {join_facts(words.progress(snapshot), counts, *pace, *words.rates(snapshot))}"


def _single(snapshot: Snapshot) -> tuple[str, str]:
    became, place = words.outcome(snapshot), words.ran_on(snapshot)
    for group in snapshot.failures[:1]:
        became, place = f"{became}: {words.failure(group)}", words.where(group)
    return became, place


def plain(snapshot: Snapshot) -> str:
    """Tell a result in a few lines: the text/plain alternative of the card.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    str
        The line, where the time went, the advice, one line for each of the first groups of failures, then
        the note.
    """
    groups = () if snapshot.single else snapshot.failures
    more = len(groups) - _GROUPS
    origin = words.began(snapshot)
    failures = [_failure(group, origin) for group in groups[:_GROUPS]]
    failures += [f"and {more:,} more group{'' if more == 1 else 's'} of failures"] if more > 0 else []
    use = ", ".join(part.phrase for part in words.time_use(snapshot))
    advice = ["! " + " ".join(filter(None, words.advice(each)[:2])) for each in snapshot.advice]
    used = [f"engines' time: {use}"] if use else []
    return "\n".join(filter(None, [line(snapshot), *used, *advice, *failures, words.note(snapshot)]))


def _failure(group: FailureGroup, origin: float | None) -> str:
    place, more = words.where(group), join_facts(words.affected(group, origin), words.given(group))
    line = f"✕ {group.count:,} {words.failure(group)}" + (f"  ({place})" if place else "")
    return f"{line}\n    {more}" if more else line


class _Tqdm(tqdm):  # type: ignore[misc]
    # tqdm would start a monitor thread that outlives the bar.
    monitor_interval = 0


class Bar:
    """A tqdm bar with the facts of a snapshot, for terminals and scripts.

    Parameters
    ----------
    snapshot : Snapshot
    file : text file, optional
        Where to draw; standard error by default.
    """

    def __init__(self, snapshot: Snapshot, file: TextIO | None = None) -> None:
        self._bar = _Tqdm(
            total=snapshot.total,
            initial=snapshot.done,
            desc=words.name(snapshot),
            unit=" tasks",
            file=file,
            dynamic_ncols=True,
            bar_format=_layout(snapshot),
        )

    def update(self, snapshot: Snapshot) -> None:
        """Draw a newer snapshot; nothing happens once the bar is closed.

        Parameters
        ----------
        snapshot : Snapshot
        """
        self._bar.n, self._bar.total = snapshot.done, snapshot.total
        self._bar.bar_format = _layout(snapshot)
        self._bar.refresh()

    def close(self, snapshot: Snapshot) -> None:
        """Draw the last snapshot and leave the bar where it is; closing twice does nothing.

        Parameters
        ----------
        snapshot : Snapshot
        """
        self.update(snapshot)
        self._bar.close()


def _layout(snapshot: Snapshot) -> str:
    """The format of the bar, with our figures: tqdm would count from its own start and promise an ETA."""
    counts = [count.phrase for count in words.counts(snapshot) if count.state not in ("ok", "queued")]
    facts = filter(None, [*words.times(snapshot), words.throughput(snapshot), *counts, words.eta(snapshot)])
    return f"{{l_bar}}{{bar}}| {snapshot.done:,}/{snapshot.total:,} [{', '.join(facts)}]"
