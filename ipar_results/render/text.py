"""Text renderers of a snapshot: summary line, text/plain alternative and tqdm progress bar."""

from __future__ import annotations

from typing import TextIO

from tqdm import tqdm

from ..formatting import join_facts
from ..model.snapshot import FailureGroup, Snapshot
from . import words

_MAX_GROUPS = 20


def summary_line(snapshot: Snapshot) -> str:
    """Return the facts of a static card's head in one line, without control characters."""
    name = words.result_name(snapshot)
    if not snapshot.total:
        return f"{name}: {words.progress(snapshot)}"
    pace = [*words.times(snapshot), words.as_of(snapshot), words.expected_end(snapshot)]
    if snapshot.single:
        became, place = words.outcome(snapshot), words.ran_on(snapshot)
        for group in snapshot.failures[:1]:
            became, place = f"{became}: {words.failure_title(group)}", words.failure_location(group)
        return f"{name} {join_facts(became, place, *pace)}"
    counts = ", ".join(
        filter(None, [*(c.phrase for c in words.counts(snapshot)), words.lost_engines(snapshot)])
    )
    return f"{name}: {join_facts(words.progress(snapshot), counts, *pace, *words.rates(snapshot))}"


def plain_text(snapshot: Snapshot) -> str:
    """Return the text/plain alternative of the card: summary, use of time, advice, failures, note."""
    groups = () if snapshot.single else snapshot.failures
    more = len(groups) - _MAX_GROUPS
    failures = [_failure_lines(group, snapshot) for group in groups[:_MAX_GROUPS]]
    failures += [f"and {more:,} more group{'' if more == 1 else 's'} of failures"] if more > 0 else []
    use = ", ".join(part.phrase for part in words.time_use(snapshot))
    advice = ["! " + " ".join(filter(None, words.split_advice(each)[:2])) for each in snapshot.advice]
    used = [f"engines' time: {use}"] if use else []
    return "\n".join(filter(None, [summary_line(snapshot), *used, *advice, *failures, words.note(snapshot)]))


def _failure_lines(group: FailureGroup, snapshot: Snapshot) -> str:
    place, more = (
        words.failure_location(group),
        join_facts(words.failed_tasks(group, snapshot), words.failed_input(group)),
    )
    line = f"✕ {group.count:,} {words.failure_title(group)}" + (f"  ({place})" if place else "")
    return f"{line}\n    {more}" if more else line


class _Tqdm(tqdm):  # type: ignore[misc]  # tqdm ships no types
    monitor_interval = 0  # no monitor thread, which would outlive the bar


class ProgressBar:
    """Progress bar of tqdm with the facts of a snapshot, for terminals and scripts."""

    def __init__(self, snapshot: Snapshot, file: TextIO) -> None:
        self._bar = _Tqdm(
            total=snapshot.total,
            initial=snapshot.done,
            desc=words.result_name(snapshot),
            unit=" tasks",
            file=file,
            dynamic_ncols=True,
            bar_format=_bar_format(snapshot),
        )

    def update(self, snapshot: Snapshot) -> None:
        """Draw a newer snapshot; does nothing once the bar is closed."""
        self._bar.n, self._bar.total = snapshot.done, snapshot.total
        self._bar.bar_format = _bar_format(snapshot)
        self._bar.refresh()

    def close(self, snapshot: Snapshot) -> None:
        """Draw the last snapshot and leave the bar on the screen; a second call does nothing."""
        self.update(snapshot)
        self._bar.close()


def _bar_format(snapshot: Snapshot) -> str:
    """Return tqdm's bar format, with elapsed time and ETA of the snapshot instead of tqdm's own."""
    counts = [count.phrase for count in words.counts(snapshot) if count.state not in ("ok", "queued")]
    facts = filter(None, [*words.times(snapshot), words.throughput(snapshot), *counts, words.eta(snapshot)])
    return f"{{l_bar}}{{bar}}| {snapshot.done:,}/{snapshot.total:,} [{', '.join(facts)}]"
