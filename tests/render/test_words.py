"""Wording that Python and TypeScript share: `tests/data/words.json`, read by pytest and by vitest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ipar_results import formatting
from ipar_results.model.snapshot import EngineLoad, FailureGroup, Snapshot, TimeUse
from ipar_results.render import ansi, words

CASES = json.loads((Path(__file__).parents[1] / "data" / "words.json").read_text())


def to_snapshot(figures: dict[str, Any]) -> Snapshot:
    """Return a snapshot with these figures."""
    fields = dict(figures)
    if "engines" in fields:
        fields["engines"] = tuple(EngineLoad(**load) for load in fields["engines"])
    if "time_use" in fields:
        fields["time_use"] = TimeUse(**fields["time_use"])
    return Snapshot(**fields)


def to_record(facts: dict[str, Any]) -> Any:
    """Return the engine, group of failures or snapshot that has these facts."""
    kinds = {"traceback": FailureGroup, "busy_time": EngineLoad}
    kind = next((kind for name, kind in kinds.items() if name in facts), None)
    return to_snapshot(facts) if kind is None else kind(**facts)


def call(name: str, args: list[Any]) -> Any:
    """Call the function of a case, as JSON would give its result."""
    if name == "state":
        return list(words.STATES[args[0]])
    given = [to_record(arg) if isinstance(arg, dict) else arg for arg in args]
    modules = (formatting, ansi, words)
    result = next(getattr(module, name) for module in modules if hasattr(module, name))(*given)
    return [getattr(item, "phrase", item) for item in result] if isinstance(result, list) else result


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['function']}{case['args']}"[:60])
def test_a_wording_is_the_one_that_both_sides_share(case):
    assert call(case["function"], case["args"]) == case["expected"]


def test_every_state_is_among_the_cases():
    assert {case["args"][0] for case in CASES if case["function"] == "state"} == set(words.STATES)
