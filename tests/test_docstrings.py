"""Every public name says what it takes, gives and raises, as numpydoc wants it."""

import dataclasses
import inspect
import os

import pytest

import ipar_results

if "CI" not in os.environ:  # there, nothing is skipped
    pytest.importorskip("numpydoc", reason="an environment from before the extra `docs`")
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate

MADE_BY_USERS = {"ResultWidget"}  # what other classes are made with is ours to know
WAIVED = {"EX01", "ES01", "SA01"}  # examples are on the pages; one sentence may be enough; no "See Also"


def names():
    """All of `__all__`, and what those classes define that is not private."""
    found = []
    for name in ipar_results.__all__:
        found.append(name)
        thing = getattr(ipar_results, name)
        if inspect.isclass(thing):
            members = {member: value for member, value in vars(thing).items() if member[0] != "_"}
            found += [f"{name}.{member}" for member, value in members.items() if described(value)]
    return found


def described(value):
    """Whether a docstring belongs to it."""
    return inspect.isfunction(value) or isinstance(value, property)


@pytest.mark.filterwarnings("ignore:Widget.:DeprecationWarning")  # looking at a widget's members is enough
@pytest.mark.parametrize("name", names())
def test_a_public_name_has_a_complete_docstring(name):
    found = validate(f"ipar_results.{name}")
    given = inspect.isclass(getattr(ipar_results, name, None)) and name not in MADE_BY_USERS
    waived = WAIVED | ({"PR01"} if given else set())
    assert not [error for error in found["errors"] if error[0] not in waived]


records = [name for name in ipar_results.__all__ if dataclasses.is_dataclass(getattr(ipar_results, name))]


@pytest.mark.parametrize("name", records)
def test_a_record_describes_each_of_its_fields(name):
    kind = getattr(ipar_results, name)
    told = {each for entry in ClassDoc(kind)["Attributes"] for each in entry.name.split(", ")}
    assert {field.name for field in dataclasses.fields(kind)} - told == set()
