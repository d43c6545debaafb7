"""Timestamps in all the forms in which ipyparallel leaves them."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from dateutil.tz import gettz, tzlocal, tzutc
from hypothesis import given, settings
from hypothesis import strategies as st

from ipar_results.upstream.timestamps import earliest, latest, parse_timestamp, to_posix, to_posix_array

UTC = datetime(2026, 11, 23, 6, 18, 23, 123456, tzinfo=timezone.utc)
EPOCH = UTC.timestamp()
FORMS = {
    "aware": UTC,
    "text with Z": "2026-11-23T06:18:23.123456Z",
    "text with offset": "2026-11-23T08:18:23.123456+02:00",
    "another zone": UTC.astimezone(timezone(timedelta(hours=-5))),
    "dateutil's local zone": UTC.astimezone(tzlocal()),
    "naive, so local": UTC.astimezone().replace(tzinfo=None),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_of_a_moment_is_the_same_second(form):
    assert to_posix(form) == pytest.approx(EPOCH, abs=1e-6)
    assert to_posix_array([form] * 3) == pytest.approx([EPOCH] * 3, abs=1e-6)


@pytest.mark.parametrize("value", [None, "", "yesterday", 12, [], b"2026-11-23"])
def test_what_is_no_timestamp_is_nan(value):
    assert parse_timestamp(value) is None
    assert np.isnan(to_posix(value))
    assert np.isnan(to_posix_array([value])).all()
    assert np.isnan(earliest([value])) and np.isnan(latest([value]))


def test_no_timestamps_at_all_give_nothing():
    assert len(to_posix_array([])) == 0
    assert np.isnan(earliest([])) and np.isnan(latest([]))


def test_one_unreadable_text_among_many_does_not_spoil_the_others():
    texts = ["2026-11-23T06:18:23.123456Z", "2026-99-23T06:18:23.123456Z"]
    assert to_posix_array(texts)[0] == pytest.approx(EPOCH, abs=1e-6)
    assert np.isnan(to_posix_array(texts)[1])
    assert earliest(texts) == pytest.approx(EPOCH, abs=1e-6)


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/Berlin"), tzlocal(), tzutc(), gettz("Europe/Berlin")])
def test_the_hour_that_a_clock_set_back_has_twice_is_told_apart(zone):
    begin = datetime(2026, 10, 24, 22, 30, tzinfo=timezone.utc)
    dates = [(begin + timedelta(minutes=20 * i)).astimezone(zone) for i in range(12)]
    for some in (dates, dates[:9], dates[2:]):
        assert to_posix_array(some) == pytest.approx([d.timestamp() for d in some], abs=1e-6)


moments = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(timezone.utc))
forms = st.sampled_from(
    [
        lambda m: m,
        lambda m: m.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        lambda m: m.isoformat(),
        lambda m: m.astimezone(tzlocal()),
        lambda m: m.astimezone(timezone(timedelta(hours=3))),
    ]
)


@settings(deadline=None)
@given(st.lists(st.tuples(moments, forms), min_size=1, max_size=20))
def test_bulk_and_one_by_one_agree(cases):
    values = [form(parse_timestamp) for parse_timestamp, form in cases]
    expected = [parse_timestamp.timestamp() for parse_timestamp, _ in cases]
    assert to_posix_array(values) == pytest.approx(expected, abs=2e-6)
    assert earliest(values) == pytest.approx(min(expected), abs=2e-6)
    assert latest(values) == pytest.approx(max(expected), abs=2e-6)


@settings(deadline=None)
@given(st.lists(moments, min_size=1, max_size=20), forms)
def test_a_column_of_one_form_agrees_with_the_datetimes(column, form):
    values = [form(parse_timestamp) for parse_timestamp in column]
    assert to_posix_array(values) == pytest.approx([m.timestamp() for m in column], abs=2e-6)
    assert earliest(values) == pytest.approx(min(column).timestamp(), abs=2e-6)


def test_naive_and_aware_dates_side_by_side_do_not_raise():
    values = [UTC, UTC.astimezone().replace(tzinfo=None) + timedelta(seconds=5)]
    assert earliest(values) == pytest.approx(EPOCH, abs=1e-6)
    assert latest(values) == pytest.approx(EPOCH + 5, abs=1e-6)
