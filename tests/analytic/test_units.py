"""Conversions with known answers."""

import numpy as np
import pytest
import xarray as xr

from synoptax.core import InputError
from synoptax.fields.units import conversion, same_units, to_units


@pytest.mark.parametrize(
    "given,wanted,value,answer",
    [
        ("K", "degC", 273.15, 0.0),
        ("degF", "degC", 212.0, 100.0),
        ("degF", "K", 32.0, 273.15),
        ("m**2 s**-2", "m", 9806.65, 1000.0),
        ("m", "m2 s-2", 1.0, 9.80665),
        ("kg m-2 s-1", "mm/day", 1.0 / 86400.0, 1.0),
        ("kg m-2", "mm", 3.0, 3.0),
        ("m", "mm", 0.002, 2.0),
        ("m of water equivalent", "mm", 0.002, 2.0),
        ("Pa", "hPa", 101325.0, 1013.25),
        ("inch", "mm", 1.0, 25.4),
        ("kg kg-1", "g kg-1", 0.01, 10.0),
        ("%", "1", 50.0, 0.5),
    ],
)
def test_known_conversions_and_back(given, wanted, value, answer):
    assert conversion(given, wanted)(value) == pytest.approx(answer, abs=1e-9)
    assert conversion(wanted, given)(answer) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("given,wanted", [("K", "mm"), ("Pa", "K"), ("dBZ", "mm"), ("parrots", "K"), ("m", "K")])
def test_what_does_not_convert_is_refused_by_name(given, wanted):
    with pytest.raises(InputError, match="t2m") as caught:
        conversion(given, wanted, name="t2m")
    assert str(caught.value).count(".") <= 2


def test_spellings_are_one_unit_and_different_units_are_not():
    assert same_units("m**2 s**-2", "m2 s-2") and same_units("kg m**-2 s**-1", "kg m-2 s-1")
    assert not same_units("K", "degC") and not same_units("m", "mm") and not same_units("parrots", "K")


def test_to_units_sets_the_attribute_and_refuses_undeclared():
    array = xr.DataArray(np.array([20, 25]), dims="time", name="tas", attrs={"units": "degC", "long_name": "air"})
    got = to_units(array, "K")
    assert got.attrs == {"units": "K", "long_name": "air"}
    np.testing.assert_allclose(got, [293.15, 298.15])
    with pytest.raises(InputError, match="tas declares no units"):
        to_units(array.drop_attrs(), "K")
