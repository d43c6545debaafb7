"""The title of a result is the name of the function that was submitted."""

from functools import partial

import pytest
from ipyparallel.client import remotefunction, view

from ipar_results.attach.extension import Extension
from ipar_results.live.session import Session


def row(frame, n):
    return frame, n


class Frame:
    """A large argument."""

    def __repr__(self):
        raise AssertionError("a repr is not needed for a name")


Solver = type("Solver", (), {"__call__": lambda self, n: n})
Named = type("Named", (Solver,), {"name": "the solver"})
BatchedCalls = type("BatchedCalls", (), {"__module__": "joblib.parallel"})


@pytest.mark.parametrize("module", [remotefunction, view])
@pytest.mark.parametrize(
    ("function", "name"),
    [
        (row, "row"),
        (partial(row, Frame()), "row"),
        (partial(partial(Solver(), 1), 2), "Solver"),
        (Named(), "the solver"),
        (BatchedCalls(), "joblib"),
        (partial(lambda x, y: x, 1), "lambda x, y: x"),
    ],
)
def test_a_function_is_named_by_itself(shell, module, function, name):
    original = module.getname
    session = Session(shell)
    Extension(session).attach(shell)
    try:
        assert module.getname(function) == name
    finally:
        session.close()
    assert module.getname is original
