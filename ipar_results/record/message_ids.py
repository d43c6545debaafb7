"""Index from message ids to positions: computed from the number in an id, or looked up in sorted hashes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from operator import itemgetter

import numpy as np

from ..model.arrays import Index, Slots

_MAX_DIGITS = 18  # of numbers that fit 64 bits


class MessageIdIndex:
    """Index of the message ids of one result.

    ipyparallel numbers messages at the end of their ids, so the ids of one submission give their positions.
    Other ids are looked up in a sorted column of hashes, at 12 bytes each; a dict takes 80.
    """

    def __init__(self, msg_ids: Sequence[str]) -> None:
        self._ids = msg_ids

    def find(self, msg_ids: Sequence[str]) -> Index:
        """Return the positions of messages, unique and ascending; unknown ids are left out.

        A duplicate id gives all its positions.
        """
        found = self.locate(msg_ids)
        if self._has_duplicates:
            wanted = set(msg_ids)
            return np.array([i for i, msg_id in enumerate(self._ids) if msg_id in wanted], np.int64)
        found = found[found >= 0]
        found.sort()
        return found if (found[1:] > found[:-1]).all() else np.unique(found)

    def locate(self, msg_ids: Sequence[str]) -> Index:
        """Return the position of each message, -1 for an unknown id."""
        if (computed := self._positions_by_number(msg_ids)) is not None:
            return computed
        hashes, order = self._sorted_hashes
        wanted = _hash_ids(msg_ids)
        left = np.minimum(np.searchsorted(hashes, wanted), max(len(hashes) - 1, 0))
        return np.where(hashes[left] == wanted, order[left], -1).astype(np.int64)

    def _positions_by_number(self, msg_ids: Sequence[str]) -> Index | None:
        """Return the position of each message by its number; None if one is unknown."""
        if self._numbering is None or not msg_ids:
            return None
        digits_of, first_number = self._numbering
        # one call in C for all ids: a Python step for each takes longer than a lookup in the hashes
        digits = list(map(digits_of, msg_ids))
        together = "".join(digits)
        if not (together.isascii() and together.isdecimal()):  # numpy would warn
            return None
        positions = np.fromstring(" ".join(digits), np.int64, sep=" ") - first_number
        if len(positions) < len(digits) or positions.min() < 0:  # one was empty, or is not of this result
            return None
        try:
            found = itemgetter(*positions.tolist(), 0)(self._ids)  # with the extra 0, always a tuple
        except IndexError:
            return None
        return positions if found[:-1] == tuple(msg_ids) else None

    @cached_property
    def _numbering(self) -> tuple[Callable[[str], str], int] | None:
        """Function that returns the digits of an id, and the first number; None without usable numbers."""
        ids = self._ids
        before, line, number = ids[0].rpartition("_") if ids else ("", "", "")
        if (
            not number.isdecimal()
            or len(number) > _MAX_DIGITS
            or ids[-1] != f"{before}{line}{int(number) + len(ids) - 1}"
        ):
            return None
        # duplicate ids need the hashes: a number finds only one position
        return None if self._has_duplicates else (itemgetter(slice(len(before + line), None)), int(number))

    @cached_property
    def _has_duplicates(self) -> bool:
        return len(set(self._ids)) < len(self._ids)

    @cached_property
    def _sorted_hashes(self) -> tuple[Index, Slots]:
        hashes = _hash_ids(self._ids)
        order = np.argsort(hashes, kind="stable").astype(np.int32)
        return hashes[order], order


def _hash_ids(msg_ids: Sequence[str]) -> Index:
    return np.fromiter(map(hash, msg_ids), np.int64, len(msg_ids))
