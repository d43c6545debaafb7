"""Errors of the writer of files."""

import os

import pytest

from ipar_results.export.files import write_file


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs a folder that takes no file")
def test_an_error_names_the_path_that_was_asked_for():
    with pytest.raises(OSError, match=r"cannot write '/proc/x\.csv': ") as raised:
        write_file("/proc/x.csv", ["text"])
    assert ".part" not in str(raised.value)
