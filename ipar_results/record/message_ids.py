"""Where a message is in its result, by its id: computed from its number, or looked up in sorted hashes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter

import numpy as np

from ..model.arrays import Index


class MessageIdIndex:
    """The message ids of one result.

    ipyparallel counts up at the end of an id, so that those of one submission say their position themselves.
    Where they do not, a sorted column of hashes finds messages at 12 bytes each; a dict takes 80.

    Parameters
    ----------
    msg_ids : sequence of str
        In the order of the result; not copied.
    """

    def __init__(self, msg_ids: Sequence[str]) -> None:
        self._ids = msg_ids
        self._number = -1  # of the first message
        self._digits: Callable[[str], str] = str  # what stands where the number begins
        self._read = False
        self._hashes: Index | None = None
        self._order = np.zeros(0, np.int32)
        self._doubles = False

    @property
    def nbytes(self) -> int:
        """What is kept beside the ids themselves."""
        return 0 if self._hashes is None else self._hashes.nbytes + self._order.nbytes

    def find(self, msg_ids: Sequence[str]) -> Index:
        """Positions of messages, each once, ascending; ids that are not of this result are left out.

        An id that the result holds twice gives both positions.
        """
        if (computed := self._computed(msg_ids)) is not None:
            computed.sort()
            return computed if (computed[1:] > computed[:-1]).all() else np.unique(computed)
        hashes, wanted = self._sorted(), _hashed(msg_ids)
        left = np.searchsorted(hashes, wanted, "left")
        if self._doubles:
            right = np.searchsorted(hashes, wanted, "right")
            spans = [self._order[a:b] for a, b in zip(left, right, strict=True)]
            found = np.concatenate(spans) if spans else self._order[:0]
        else:
            left = np.minimum(left, len(hashes) - 1)
            found = self._order[left[hashes[left] == wanted]]
        return np.unique(found).astype(np.int64)

    def locate(self, msg_ids: Sequence[str]) -> Index:
        """The position of each message, -1 for one that is not of this result."""
        if (computed := self._computed(msg_ids)) is not None:
            return computed
        hashes, wanted = self._sorted(), _hashed(msg_ids)
        left = np.minimum(np.searchsorted(hashes, wanted), max(len(hashes) - 1, 0))
        return np.where(hashes[left] == wanted, self._order[left], -1).astype(np.int64)

    def _computed(self, msg_ids: Sequence[str]) -> Index | None:
        """The position of each message by its number; None where one of them is not there."""
        self.prepare()
        if self._number < 0 or not msg_ids:
            return None
        try:
            # in C: each step in Python takes longer than a look at the id itself
            positions = _numbers(list(map(self._digits, msg_ids))) - self._number
            there = itemgetter(*positions.tolist(), 0)(self._ids)[:-1]  # of one position too it gives a tuple
        except (ValueError, IndexError):
            return None
        return positions if positions.min() >= 0 and there == tuple(msg_ids) else None

    def prepare(self) -> None:
        """Look at the ids, which takes 0.2 s of a million, before anybody waits for the first position."""
        if self._read:
            return
        self._read = True
        ids = self._ids
        before, line, number = ids[0].rpartition("_") if ids else ("", "", "")
        # a number that stands for two messages would find one of them only
        if number.isdecimal() and ids[-1] == f"{before}{line}{int(number) + len(ids) - 1}":
            self._digits = itemgetter(slice(len(before) + len(line), None))
            self._number = int(number) if len(set(ids)) == len(ids) else -1

    def _sorted(self) -> Index:
        if self._hashes is None:
            hashes = _hashed(self._ids)
            self._order = np.argsort(hashes, kind="stable").astype(np.int32)
            self._hashes = hashes[self._order]
            self._doubles = bool((self._hashes[1:] == self._hashes[:-1]).any())
        return self._hashes


def _numbers(digits: Sequence[str]) -> Index:
    """The numbers that these digits write; a number that is too large becomes the largest there is.

    Raises
    ------
    ValueError
        Where one of them is no number.
    """
    together = "".join(digits)
    if together.isascii() and together.isdecimal():  # before numpy sees it, which would warn of anything else
        numbers = np.fromstring(" ".join(digits), np.int64, sep=" ")
        if len(numbers) == len(digits):  # else one was empty
            return numbers
    msg = "not all of these end in a number"
    raise ValueError(msg)


def _hashed(msg_ids: Sequence[str]) -> Index:
    return np.fromiter(map(hash, msg_ids), np.int64, len(msg_ids))
