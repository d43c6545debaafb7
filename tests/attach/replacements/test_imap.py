"""A lazy map that is interrupted leaves no open group and no bar."""

from types import SimpleNamespace

import pytest

from ipar_results.attach.replacements.imap import _values_of


def lazy(update):
    ended = []
    record = SimpleNamespace(can_grow=True)
    group = SimpleNamespace(record=record, close=lambda: setattr(record, "can_grow", False))
    view = SimpleNamespace(update=update, end=lambda: ended.append("end"))
    return _values_of(iter([1, 2]), group, lambda group: view), record, ended


def test_an_interrupt_while_the_bar_is_drawn_ends_the_bar_and_closes_the_group():
    def interrupt():
        raise KeyboardInterrupt

    values, record, ended = lazy(interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(values)
    assert (record.can_grow, ended) == (False, ["end"])


def test_a_consumer_that_stops_early_has_nothing_drawn():
    values, _, ended = lazy(lambda: None)
    assert next(values) == 1
    values.close()
    assert ended == []
