"""Index from message ids to positions: computed from the number in an id, or looked up in sorted hashes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter

import numpy as np

from ..model.arrays import Index


class MessageIdIndex:
    """Index of the message ids of one result.

    ipyparallel numbers messages at the end of their ids, so the ids of one submission give their positions.
    Other ids are looked up in a sorted column of hashes, at 12 bytes each; a dict takes 80.

    Parameters
    ----------
    msg_ids : sequence of str
        Ids in the order of the result; not copied.
    """

    def __init__(self, msg_ids: Sequence[str]) -> None:
        self._ids = msg_ids
        self._first_number = -1  # number of the first message; -1 if ids have no usable number
        self._digits_of: Callable[[str], str] = str
        self._prepared = False
        self._hashes: Index | None = None
        self._order = np.zeros(0, np.int32)
        self._has_duplicates = False

    def find(self, msg_ids: Sequence[str]) -> Index:
        """Return the positions of messages, unique and ascending; unknown ids are left out.

        A duplicate id gives all its positions.
        """
        if (computed := self._positions_by_number(msg_ids)) is not None:
            computed.sort()
            return computed if (computed[1:] > computed[:-1]).all() else np.unique(computed)
        hashes, wanted = self._sorted_hashes(), _hash_ids(msg_ids)
        left = np.searchsorted(hashes, wanted, "left")
        if self._has_duplicates:
            right = np.searchsorted(hashes, wanted, "right")
            spans = [self._order[a:b] for a, b in zip(left, right, strict=True)]
            found = np.concatenate(spans) if spans else self._order[:0]
        else:
            left = np.minimum(left, len(hashes) - 1)
            found = self._order[left[hashes[left] == wanted]]
        return np.unique(found).astype(np.int64)

    def locate(self, msg_ids: Sequence[str]) -> Index:
        """Return the position of each message, -1 for an unknown id."""
        if (computed := self._positions_by_number(msg_ids)) is not None:
            return computed
        hashes, wanted = self._sorted_hashes(), _hash_ids(msg_ids)
        left = np.minimum(np.searchsorted(hashes, wanted), max(len(hashes) - 1, 0))
        return np.where(hashes[left] == wanted, self._order[left], -1).astype(np.int64)

    def _positions_by_number(self, msg_ids: Sequence[str]) -> Index | None:
        """Return the position of each message by its number; None if one is unknown."""
        self.prepare()
        if self._first_number < 0 or not msg_ids:
            return None
        try:
            # one call in C for all ids: a Python step for each takes longer than a lookup in the hashes
            positions = _parse_numbers(list(map(self._digits_of, msg_ids))) - self._first_number
            found = itemgetter(*positions.tolist(), 0)(self._ids)[
                :-1
            ]  # the extra 0 makes it always return a tuple
        except (ValueError, IndexError):
            return None
        return positions if positions.min() >= 0 and found == tuple(msg_ids) else None

    def prepare(self) -> None:
        """Check how the ids are numbered, which takes 0.2 s for a million, ahead of the first lookup."""
        if self._prepared:
            return
        self._prepared = True
        ids = self._ids
        before, line, number = ids[0].rpartition("_") if ids else ("", "", "")
        # duplicate ids need the hashes: a number finds only one position
        if number.isdecimal() and ids[-1] == f"{before}{line}{int(number) + len(ids) - 1}":
            self._digits_of = itemgetter(slice(len(before) + len(line), None))
            self._first_number = int(number) if len(set(ids)) == len(ids) else -1

    def _sorted_hashes(self) -> Index:
        if self._hashes is None:
            hashes = _hash_ids(self._ids)
            self._order = np.argsort(hashes, kind="stable").astype(np.int32)
            self._hashes = hashes[self._order]
            self._has_duplicates = bool((self._hashes[1:] == self._hashes[:-1]).any())
        return self._hashes


def _parse_numbers(digits: Sequence[str]) -> Index:
    """Parse decimal numbers; one that does not fit becomes the largest int64.

    Raises
    ------
    ValueError
        If one of them is not a number.
    """
    together = "".join(digits)
    if together.isascii() and together.isdecimal():  # numpy would warn of anything else
        numbers = np.fromstring(" ".join(digits), np.int64, sep=" ")
        if len(numbers) == len(digits):  # otherwise one was empty
            return numbers
    msg = "not all of these end in a number"
    raise ValueError(msg)


def _hash_ids(msg_ids: Sequence[str]) -> Index:
    return np.fromiter(map(hash, msg_ids), np.int64, len(msg_ids))
