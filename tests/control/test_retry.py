"""Choice of the messages to run again."""

import pytest
from fakes import Fed, follow

from ipar_results.control.retry import positions_to_retry


@pytest.mark.parametrize("indices", ["abc", 3, [0.5], [None], [[0]], [10**30]])
def test_what_is_no_list_of_indices_is_refused_with_an_example(indices):
    followed = follow(Fed(2, chunks=[1, 1]))
    with pytest.raises(TypeError, match=r"expected a list of the indices of tasks, such as \[0, 3\], got "):
        positions_to_retry(followed.record.columns, indices)
