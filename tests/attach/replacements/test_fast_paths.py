"""Replacements of AsyncResult's attributes, on results fed by hand."""

import pytest
from fakes import Fed
from ipyparallel import AsyncResult

from ipar_results.attach.replacements.fast_paths import wrap_getattr
from ipar_results.upstream.async_result import own_attribute


def test_an_attribute_is_read_past_the_getattr_and_the_dict_method_of_ipyparallel():
    result = Fed(2).result
    result._mark = "ours"
    assert own_attribute(result, "_mark") == "ours"
    assert own_attribute(result, "stdout") is None


def test_a_key_of_the_metadata_is_an_attribute_and_any_other_name_raises_at_once():
    getattr_of = wrap_getattr(AsyncResult.__getattr__)
    fed = Fed(2)
    fed.reply(0)
    fed.reply(1)
    assert getattr_of(fed.result, "engine_id") == [0, 1]
    with pytest.raises(AttributeError, match="'AsyncResult' object has no attribute 'nothing'"):
        getattr_of(fed.result, "nothing")
