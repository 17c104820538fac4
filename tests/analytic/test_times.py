"""Times, calendars, joins and splits against what they must be."""

import cftime
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.fields.splits import parse_period, split
from synoptax.fields.times import DAY, DayAlign, ExactAlign, NearestAlign, Times, parse_align


def hourly(start: str, count: int, hours: int = 1) -> Times:
    return Times.of(np.datetime64(start, "ns") + np.arange(count) * np.timedelta64(hours, "h"))


def calendar(name: str, *parts: tuple[int, ...]) -> Times:
    return Times.of(np.array([cftime.datetime(*p, calendar=name) for p in parts]))


@pytest.mark.parametrize("name,days", [("360_day", 360), ("noleap", 365), ("all_leap", 366)])
def test_phase_of_the_year_uses_the_calendars_own_year(name, days):
    times = calendar(name, (2001, 1, 1), (2001, 7, 1, 12), (2001, 12, 30))
    number = {"360_day": [0, 180.5, 359], "noleap": [0, 181.5, 363], "all_leap": [0, 182.5, 364]}[name]
    np.testing.assert_allclose(times.phases()[:, 0], 2 * np.pi * np.array(number) / days, rtol=1e-12)
    np.testing.assert_allclose(times.phases()[:, 1], [0, np.pi, 0])
    back = times.values()
    assert back[1] == cftime.datetime(2001, 7, 1, 12, calendar=name)


def test_leap_and_common_years_have_their_own_length():
    times = Times.of(np.array(["2019-12-31", "2020-12-31"], "M8[ns]"))
    np.testing.assert_allclose(times.phases()[:, 0] / (2 * np.pi), [364 / 365, 365 / 366])
    assert times.values().dtype == np.dtype("M8[ns]")


@pytest.mark.parametrize("years", [(1500, 1501), (2001, 2400), (3000, 3001)])
def test_dates_beyond_the_reach_of_nanoseconds_are_kept(years):
    seconds = np.array([np.datetime64(f"{y}-01-01", "s").astype(int) for y in years])
    values = Times(seconds).values()
    assert [str(v)[:4] for v in values] == [str(y) for y in years]
    np.testing.assert_array_equal(Times.of(values).seconds, seconds)


def test_float_hours_are_rounded_to_the_second():
    wobbly = np.array(["2000-01-01T11:59:59.999999", "2000-01-02T12:00:00.000001"], "M8[ns]")
    assert list(Times.of(wobbly).seconds % DAY) == [43200, 43200]


@pytest.mark.parametrize(
    "days,word",
    [([1, 2, 2, 3], "duplicate"), ([1, 3, 2], "not in order"), ([1, 3, 2, 3], "some occur twice")],
)
def test_unsorted_and_duplicate_times_are_refused(days, word):
    with pytest.raises(InputError, match=word) as caught:
        Times.of(np.array([f"2000-01-{d:02d}" for d in days], "M8[ns]"), name="x.nc")
    assert "x.nc" in str(caught.value) and "2000-01-0" in str(caught.value)


def test_numbers_and_missing_times_are_refused_with_a_way_out():
    with pytest.raises(InputError, match=r"start=.*step="):
        Times.of(np.arange(4))
    with pytest.raises(InputError, match="NaT"):
        Times.of(np.array(["2000-01-01", "NaT"], "M8[ns]"))


def test_segments_break_at_gaps_but_not_at_months():
    winters = np.concatenate(
        [np.arange("1982-12-01", "1983-03-01", dtype="M8[D]")] * 1
        + [np.arange("1983-12-01", "1984-03-01", dtype="M8[D]")]
    )
    assert list(np.unique(Times.of(winters.astype("M8[ns]")).segments(), return_counts=True)[1]) == [90, 91]
    months = np.arange("1970-01", "1975-01", dtype="M8[M]").astype("M8[ns]")
    assert not Times.of(months).segments().any()


def test_exact_day_and_nearest_joins():
    totals, noon = hourly("2000-01-01T00", 5, 24), hourly("1999-12-31T12", 4, 24)
    one, other = DayAlign().join(totals, noon)
    np.testing.assert_array_equal(one, [0, 1, 2])
    np.testing.assert_array_equal(other, [1, 2, 3])
    one, other = DayAlign(shift=-1).join(totals, noon)  # totals stamped at the end of their day
    np.testing.assert_array_equal(other, [0, 1, 2, 3])
    six = hourly("2000-01-01T00", 12, 6)
    np.testing.assert_array_equal(DayAlign().match(totals, six)[1], [2, 6, 10])
    np.testing.assert_array_equal(DayAlign(hour=6).match(totals, six)[1], [1, 5, 9])
    np.testing.assert_array_equal(NearestAlign(1.0).match(hourly("2000-01-01T05", 3), six)[1], [1, 1, 1])
    assert NearestAlign(0.5).match(hourly("2000-01-01T05", 1), six)[0].size == 0
    assert len(ExactAlign().match(totals, six)[0]) == 3


def test_empty_join_is_refused_and_names_both_ranges():
    totals, noon = hourly("2000-01-01T00", 5, 24), hourly("2000-01-01T12", 5, 24)
    with pytest.raises(InputError, match="--align day") as caught:
        ExactAlign().join(totals, noon)
    assert "2000-01-01 12:00 to 2000-01-05 12:00" in str(caught.value)
    assert "2000-01-01 to 2000-01-05" in str(caught.value)
    with pytest.raises(InputError, match="same period"):
        DayAlign().join(totals, hourly("2010-01-01T12", 5, 24))
    with pytest.raises(InputError, match="several on 2000-01-01"):
        DayAlign().join(hourly("2000-01-01", 4, 6), noon)
    with pytest.raises(InputError, match="calendar 'noleap'"):
        ExactAlign().join(totals, calendar("noleap", (2000, 1, 1)))


def test_stamps_of_day_join_are_those_of_the_targets():
    noon = hourly("2000-01-01T12", 3, 24)
    assert DayAlign().stamps(noon, 0).text(0) == "2000-01-01"
    assert DayAlign().stamps(noon, 6 * 3600).text(2) == "2000-01-03 06:00"
    assert DayAlign(shift=-1).stamps(noon, 0).text(0) == "2000-01-02"


def test_align_words():
    assert parse_align("day") == DayAlign() and parse_align("exact") == ExactAlign()
    assert parse_align("6h") == NearestAlign(6.0)
    with pytest.raises(InputError, match="exact, day"):
        parse_align("nearby")


MARCH = hourly("2019-03-01", 504)


def test_split_takes_whole_days():
    train, valid = split(MARCH, parse_period("2019-03-01/2019-03-17"), parse_period(("2019-03-19", "2019-03-21")))
    assert (train[0], train[-1], valid[0], valid[-1]) == (0, 17 * 24 - 1, 18 * 24, 503)
    years = hourly("2000-01-01", 3653, 24)
    train, valid = split(years, parse_period("2000/2003,2006/2008"), parse_period("2004-02/2005-11-30"))
    assert not set(train) & set(valid) and len(train) == 366 + 3 * 365 + 2 * 365 + 366


@pytest.mark.parametrize(
    "train,valid,word",
    [
        ("2019-03-01/2019-03-19", "2019-03-19/2019-03-21", "overlap in 24 times"),
        ("2019-03-01/2019-03-18", "2019-03-19/2019-03-21", "without the gap"),
        ("2019-02-01/2019-03-17", "2019-03-19/2019-03-21", "reaches outside"),
        ("2019-03-01/2019-03-17", "2019-03-19/2019-03-25", "reaches outside"),
        ("2018-03-01/2018-03-17", "2019-03-19/2019-03-21", "holds no time"),
        ("2019-03-17/2019-03-01", "2019-03-19/2019-03-21", "ends before it begins"),
        ("yesterday", "2019-03-19/2019-03-21", "is not a period"),
        ("2019-03-01/2019-03-41", "2019-03-19/2019-03-21", "no calendar has"),
        ("2019-02-30/2019-03-10", "2019-03-19/2019-03-21", "not a date"),
    ],
)
def test_bad_periods_are_refused_in_one_sentence(train, valid, word):
    with pytest.raises(InputError, match=word) as caught:
        split(MARCH, parse_period(train), parse_period(valid))
    assert "\n" not in str(caught.value)


def test_dates_as_xarray_prints_them_are_read():
    assert parse_period("2019-03-04T12:30:00.000000000/2019-03-05T00:00:00").blocks[0].start == (2019, 3, 4, 12, 30)


def test_stated_gap_is_kept():
    periods = parse_period("2019-03-01/2019-03-17"), parse_period("2019-03-19/2019-03-21")
    split(MARCH, *periods, gap_hours=24)
    with pytest.raises(InputError, match="48 h"):
        split(MARCH, *periods, gap_hours=48)
    with pytest.raises(InputError, match="within 1 h"):  # a validation block in the middle of training
        split(MARCH, parse_period("2019-03-01/2019-03-05,2019-03-09/2019-03-20"), parse_period("2019-03-07/2019-03-08"))
