"""A lambda is named by the first words of its source, and never by those of another one."""

import linecache
import sys

import pytest

from ipar_results.attach.replacements.lambda_names import MAX_NAME, name_lambda


def names(source, filename="<a cell>"):
    """Name the lambdas that a cell passes to `f`, as IPython compiles it."""
    found = []
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    try:
        exec(compile(source, filename, "exec"), {"f": lambda *each: found.extend(each)})
        name_lambda.cache_clear()
        return [name_lambda(each.__code__) for each in found if callable(each)]
    finally:
        del linecache.cache[filename]


CASES = {
    "f(lambda x: x ** 2, range(9))": "lambda x: x ** 2",
    "f(lambda: 0)": "lambda: 0",
    "f(lambda x, *, y=(1, 2), **k: (x, y), 3)": "lambda x, *, y=(1, 2), **k: (x, y)",
    "f(*[lambda i=i: i for i in range(1)])": "lambda i=i: i",
    "def outer(n):\n    f(lambda s: s.strip(')') + n)\nouter(1)": "lambda s: s.strip(')') + n",
    "f(lambda x, k=lambda: 1: x + k())": "lambda x, k=lambda: 1: x + k()",
    "f((lambda: lambda a, b: a + b)())": "lambda a, b: a + b",
    "f(lambda: lambda a, b: a + b, 1)": "lambda: lambda a, b: a + b",
    "f(\n    lambda x: x + 1,  # why\n)": "lambda x: x + 1",
    "f(lambda x: x +\n  1)": "lambda x: x + …",
    "f(lambda x:\n  x)": "lambda x: …",
    "é = f(lambda é: é + 'ü', 2)": "lambda é: é + 'ü'",
    "f(lambda x: x" + " + x" * 40 + ")": "lambda x: x + x + x + x + x + x + x + x + x + …",
    "f('" + "-" * 2000 + "', lambda x, *rest: x)": "lambda x, rest: …",
}


@pytest.mark.parametrize(("source", "name"), CASES.items())
def test_a_lambda_is_named_by_its_first_words(source, name):
    assert names(source) == [name]
    assert len(name) <= MAX_NAME


def test_lambdas_of_one_line_are_distinguished_where_python_knows_their_columns():
    found = names("f(lambda x: x + 1, lambda x: x - 1, lambda y: y)")
    known, unsure = ["lambda x: x + 1", "lambda x: x - 1"], ["lambda x: …"] * 2
    assert found == [*(known if sys.version_info >= (3, 11) else unsure), "lambda y: y"]


def test_a_lambda_without_source_is_named_by_its_arguments():
    assert name_lambda(eval("lambda x, *y, z=1: x").__code__) == "lambda x, z, y: …"
    assert name_lambda(eval("lambda: 0").__code__) == "lambda: …"


@pytest.mark.parametrize("line", ["lambda y: y\n", '"""\n', "f = 1\n", "g(lambda\n", "\n"])
def test_a_line_that_was_changed_names_no_lambda(line):
    code = compile("f = lambda x: x", "<a changed cell>", "exec").co_consts[0]
    linecache.cache["<a changed cell>"] = 1, None, [line], "<a changed cell>"
    name_lambda.cache_clear()
    assert name_lambda(code) == "lambda x: …"
    del linecache.cache["<a changed cell>"]
