"""Trend of task durations along the input positions: the power laws that fit the ended tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..model.arrays import Floats

FEWEST = 6  # ended tasks that a trend needs
_MOST = 400  # ended tasks that it reads, evenly spread
# tuned by tests/bench/eta.py
_SHIFTS = np.array((0.02, 0.06, 0.2, 0.6, 2.0, 6.0))  # from a root to nearly an exponential
_SURE = 2.5  # standard errors from which a trend is certain
_MATTERS = 0.1  # logarithm of the ratio of two levels from which a trend is followed
_FEW = 4.0  # raises that for few tasks, divided by their number
_WORSE = 4.0  # squared standard errors by which a fit may be worse than the best
_CLOSE = 0.03  # relative error of a fit that is good enough, however much better the best is
_Z = 1.0  # standard errors by which a fit's power may be off
_FARTHEST = math.log(30.0)  # farthest level ahead, as a logarithm of its ratio to the mean level


@dataclass(frozen=True)
class _PowerLaw:
    """Level ``exp(middle + power * (log|position + shift| - centre))``."""

    shift: float
    centre: float
    middle: float
    power: float
    error: float
    rest: float  # sum of the squared residuals of the logarithms

    def at(self, position: Floats, errors: float = 0.0) -> Floats:
        """Return the levels at positions, for a power that is off by so many standard errors."""
        along = np.log(np.abs(position + self.shift)) - self.centre
        change = np.clip((self.power + errors * self.error) * along, -_FARTHEST, _FARTHEST)
        return np.asarray(np.exp(self.middle + change), np.float64)


@dataclass(frozen=True)
class Trend:
    """Power laws that fit nearly equally well, the best one first."""

    fits: tuple[_PowerLaw, ...]
    errors: float  # standard errors by which the power of the best differs from 0, lowered for few tasks
    change: float  # logarithm of the ratio of the first to the last level, whichever is higher

    @classmethod
    def of(cls, position: Floats, duration: Floats, last: float) -> Trend | None:
        """Return the trend of durations at positions up to `last`; None for too few."""
        number = len(duration)
        if number < FEWEST:
            return None
        x = position[:: number // _MOST + 1]
        logs = np.log(np.maximum(duration, 1e-3 * float(duration.mean()) + 1e-9))[:: number // _MOST + 1]
        end = max(last, float(x.max())) + 1
        # the second half falls ever faster towards the end, and must not rise so
        fits = [
            *_fits(x, logs, _SHIFTS * end),
            *(fit for fit in _fits(x, logs, -(1 + _SHIFTS) * end) if fit.power > 0),
        ]
        fits.sort(key=lambda fit: fit.rest)
        best = fits[0]
        worst = max(best.rest * (1 + _WORSE / (number - 2)), number * _CLOSE**2)
        errors = abs(best.power) / (best.error + 1e-12) / (1 + _FEW / number)
        change = float(np.abs(np.diff(np.log(best.at(x[[0, -1]])))[0]))
        return cls(tuple(fit for fit in fits if fit.rest <= worst), errors, change)

    @property
    def certain(self) -> bool:
        """Whether durations rise or fall by more than chance, and by enough to matter."""
        return self.errors > _SURE and self.change > _MATTERS

    @property
    def falls(self) -> bool:
        """Whether the best fit falls along the positions."""
        return (self.fits[0].power < 0) == (self.fits[0].shift > 0)

    def level(self, position: Floats) -> Floats:
        """Return the levels by the best fit."""
        return self.fits[0].at(position)

    def mean_levels(self, position: Floats) -> tuple[float, float, float]:
        """Return the mean of the levels at positions: by the best fit, the least and the most."""
        means = [float(fit.at(position, errors).mean()) for fit in self.fits for errors in (-_Z, _Z)]
        return float(self.level(position).mean()), min(means), max(means)


def _fits(position: Floats, logs: Floats, shifts: Floats) -> list[_PowerLaw]:
    """Return the least-squares fits of the logarithms of durations, one for each shift."""
    x = np.log(np.abs(position + shifts[:, np.newaxis]))
    centre, middle = x.mean(axis=1, keepdims=True), float(logs.mean())
    along, off = x - centre, logs - middle
    across = (along**2).sum(axis=1)
    power = along @ off / across
    rest = ((off - power[:, np.newaxis] * along) ** 2).sum(axis=1)
    error = np.sqrt(rest / (len(logs) - 2) / across)
    columns = (shifts, centre[:, 0], np.full(len(shifts), middle), power, error, rest)
    return [_PowerLaw(*row) for row in np.stack(columns, axis=1).tolist()]
