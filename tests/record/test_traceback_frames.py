"""Remote tracebacks: where the user's code failed, and its frames before those of libraries."""

import linecache

import pytest

from ipar_results.model.snapshot import WHOLE_TRACEBACK
from ipar_results.record.traceback_frames import find_place, put_user_frames_first

LIBRARY = "File {}:346, in loads(s)\n    345 # as it is\n--> 346 return decode(s)\n\n"
CALLED = """\
JSONDecodeError                           Traceback (most recent call last)
File ~/venv/lib/python3.11/site-packages/ipyparallel/engine/kernel.py:157, in do_apply(self)
--> 157 exec(code, shell.user_global_ns, shell.user_ns)

File <string>:1
----> 1 'Could not get source, probably due dynamically evaluated source code.'

File /tmp/ipykernel_7/44.py:4, in simulate(n)
      1 'Could not get source, probably due dynamically evaluated source code.'

"""
ERROR = "JSONDecodeError: Expecting value\n  at char 1"


@pytest.mark.parametrize(
    ("traceback", "where"),
    [
        ("File <string>:13, in solve(x)\n\nValueError: no", "solve, line 13"),
        ("File ~/lab/grid.py:40, in Grid.fetch(self)\n\nE: no", "fetch, line 40"),
        ("Cell In[3], line 4\n      2 a\n----> 4 b\n\nE: no", "In[3], line 4"),
        ("Cell In[3], line 4, in f(x)\n----> 4 b\n\nE: no", "f, line 4"),
        ('Traceback (most recent call last):\n  File "a.py", line 7, in g\n    x\nE: no', "g, line 7"),
        ('  File "a.py", line 7, in <module>\n    x\nE: no', "<module>, line 7"),
        ("File /usr/lib/a b/c.py:1\n\nE", "c.py, line 1"),
        ("File C:\\work\\c.py:12, in h(x)\n", "h, line 12"),
        ("\x1b[31mFile \x1b[32m<string>:13\x1b[39m, in \x1b[36msolve\x1b[34m(n)\x1b[39m\n", "solve, line 13"),
        ("File a.py:1, in f()\nFile b.py:2, in g()\n", "g, line 2"),
        ("no frames here", ""),
        ("", ""),
    ],
)
def test_the_place_is_read_from_every_kind_of_traceback(traceback, where):
    assert find_place(traceback) == where


@pytest.mark.parametrize(
    "library",
    [
        "~/venv/lib/python3.11/site-packages/torch/cuda/__init__.py",
        "/usr/lib/python3/dist-packages/numpy/core.py",
        "~/.pyenv/versions/3.11.7/lib/python3.11/json/__init__.py",
        "C:\\Python311\\Lib\\json\\__init__.py",
        "<frozen importlib._bootstrap>",
        "<__array_function__ internals>",
    ],
)
def test_frames_of_libraries_come_after_those_of_the_user(library):
    whole = CALLED + LIBRARY.format(library) + ERROR
    first, _, rest = put_user_frames_first(whole).partition(f"\n{WHOLE_TRACEBACK}\n")
    assert first.startswith("File /tmp/ipykernel_7/44.py:4, in simulate(n)")
    assert "ipyparallel" not in first and "loads" not in first and ERROR in first
    assert rest.strip() == whole
    assert find_place(whole) == "simulate, line 4"


def test_the_source_of_a_cell_s_function_is_this_process_s(monkeypatch):
    source = ["def simulate(n):\n", "    grid = n\n", "\n", "    return load(grid)\n"]
    monkeypatch.setitem(
        linecache.cache, "/tmp/ipykernel_7/44.py", (60, None, source, "/tmp/ipykernel_7/44.py")
    )
    first = put_user_frames_first(CALLED + ERROR).partition(WHOLE_TRACEBACK)[0]
    assert "Could not get source" not in first
    assert "      2     grid = n\n      3 \n\x1b[1;31m----> 4     return load(grid)\x1b[0m" in first


def test_no_text_of_a_task_makes_this_process_read_a_file(tmp_path, monkeypatch):
    secret = tmp_path / "secret.txt"
    secret.write_text("a\nb\nc\nsecret\n")
    linecache.getlines(str(secret))  # a file that this process has read itself
    try:
        hostile = CALLED.replace("/tmp/ipykernel_7/44.py", str(secret))
        assert "secret\n" not in put_user_frames_first(hostile + ERROR)
        monkeypatch.delitem(linecache.cache, str(secret))
        assert "secret\n" not in put_user_frames_first(hostile + ERROR)
    finally:
        linecache.checkcache(str(secret))


@pytest.mark.parametrize(
    "whole", ["", "no frames here", LIBRARY.format("/usr/lib/python3.11/json.py") + ERROR]
)
def test_a_traceback_without_two_kinds_of_frames_stays_as_it_is(whole):
    assert put_user_frames_first(whole) == whole
