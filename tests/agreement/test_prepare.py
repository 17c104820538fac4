"""From files to tasks and back: what a model reads at apply time is what it was fitted on."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from synoptax.core import InputError, load, save
from synoptax.downscale import AbstractDeterministic
from synoptax.fields import Bilinear, Identity, Root, coarsen
from synoptax.fields.accept import to_dataset
from synoptax.fields.canonical import canonical
from synoptax.fields.io import open_dataset, write_dataset
from synoptax.fields.places import grid_of
from synoptax.fields.prepare import prepare_task
from synoptax.fields.reading import Reader, predictors_from
from synoptax.fields.stream import FineStream
from synoptax.fields.times import DayAlign, Times
from synoptax.records import Layout, Predictors

RNG = np.random.default_rng(2)
HALVES = {"train": "2020-01-01/2020-01-06", "valid": "2020-01-08/2020-01-10"}


def hourly(days: int, every: int = 6, start: str = "2020-01-01") -> np.ndarray:
    count = days * 24 // every
    return np.datetime64(start, "ns") + np.arange(count) * np.timedelta64(every, "h")


def field(times, lat, lon, *, mean: float = 280.0, name: str = "t2m", units: str = "K") -> xr.Dataset:
    """A file from north to south, as most are, in the library's form."""
    values = mean + RNG.normal(size=(times.size, len(lat), len(lon)))
    ds = xr.Dataset(
        {name: (("time", "lat", "lon"), values, {"units": units} if units else {})},
        {"time": times, "lat": np.asarray(lat, float), "lon": np.asarray(lon, float)},
    )
    return canonical(ds)


def fine(days: int = 10, every: int = 6) -> xr.Dataset:
    return field(hourly(days, every), np.arange(56.0, 47.0, -1.0), np.arange(0.0, 13.0))


def coarse(days: int = 10, hour: int = 0, **kwargs) -> xr.Dataset:
    times = hourly(days, 24) + np.timedelta64(hour, "h")
    return field(times, np.arange(58.0, 44.0, -4.0), np.arange(-2.0, 16.0, 4.0), **kwargs)


def test_area_means_are_the_predictors_and_the_first_cells_of_the_file_are_kept():
    ds = fine()
    made = prepare_task(ds, variables=["t2m"], factor=4, trim=True, **HALVES)
    layout = made.task.layout
    assert layout.place.y.centres == tuple(np.arange(49.0, 57.0)) and layout.place.x.centres == tuple(np.arange(12.0))
    truth = ds["t2m"].values[:24, 1:, :12]
    np.testing.assert_allclose(made.task.train.truth[:, 0], truth)
    np.testing.assert_allclose(made.task.train.predictors.fields[0][:, 0], coarsen(truth, layout.place, 4), rtol=1e-12)
    assert layout.counterparts == ((0, 0),) and layout.factor == 4 and "trimmed" in made.notes[0]
    assert len(made.task.valid) == 12 and made.valid_times.text(0) == "2020-01-08"
    with pytest.raises(InputError, match="--trim"):
        prepare_task(ds, variables=["t2m"], factor=4, **HALVES)


def test_neighbours_stack_and_ends_and_breaks_are_left_out():
    ds = fine().drop_isel(time=[9])
    made = prepare_task(ds, variables=["t2m"], factor=4, trim=True, neighbours=(1, -1, 0), **HALVES)
    source = made.task.layout.sources[0]
    assert source.channels == ("t2m@-1", "t2m", "t2m@+1") and made.task.layout.counterparts == ((0, 1),)
    assert len(made.task.train) == 24 - 1 - 3  # the hole, its two sides, and the first time
    fields, segment = np.asarray(made.task.train.predictors.fields[0]), np.asarray(made.task.train.predictors.segment)
    together = np.flatnonzero(np.diff(segment) == 0)
    np.testing.assert_array_equal(fields[together + 1, 0], fields[together, 1])
    np.testing.assert_array_equal(fields[together + 1, 1], fields[together, 2])
    assert np.unique(segment).size == 2 and any("left out" in n for n in made.notes)


def test_daily_totals_join_noon_fields_only_by_the_day():
    rain = field(hourly(10, 24), np.arange(52.0, 48.0, -0.5), np.arange(1.0, 7.0, 0.5), name="tp", units="mm", mean=5)
    noon = coarse(hour=12, name="z500", mean=5e4, units="m**2 s**-2")
    with pytest.raises(InputError, match="--align day"):
        prepare_task(rain, variables=["tp"], coarse=noon, **HALVES)
    made = prepare_task(rain, variables=["tp"], coarse=noon, align=DayAlign(), units={"z500": "m"}, **HALVES)
    assert made.task.layout.transforms == (Root(2.0),) and made.task.layout.counterparts == (None,)
    np.testing.assert_allclose(made.task.train.predictors.fields[0][:, 0], noon["z500"].values[:6] / 9.80665)
    np.testing.assert_allclose(made.task.train.truth[:, 0], rain["tp"].values[:6])
    reader = Reader.of(made.preparation, noon)
    assert reader.times.text(0) == "2020-01-01" and len(reader) == 10
    assert any("calendar day" in n for n in reader.notes)


def test_several_sources_units_and_counterparts():
    targets = fine(every=24)
    celsius = coarse(mean=7.0, units="degC")
    wind = field(hourly(10, 24), [55.0, 50.0, 45.0], [0.0, 6.0, 12.0], name="u10", units="m s-1", mean=0)
    made = prepare_task(targets, variables=["t2m"], coarse=[wind, celsius], **HALVES)
    layout = made.task.layout
    assert [s.variables for s in layout.sources] == [("u10",), ("t2m",)] and layout.counterparts == ((1, 0),)
    np.testing.assert_allclose(made.task.train.predictors.fields[1][:, 0], celsius["t2m"].values[:6] + 273.15)
    assert layout.transforms == (Identity(),) and layout.recipe.inputs[1].units == ("K",)
    with pytest.raises(InputError, match="no predictor v10; they hold u10, t2m"):
        prepare_task(targets, variables=["t2m"], coarse=[wind, celsius], predictors=["v10"], **HALVES)
    with pytest.raises(InputError, match="measure different things"):
        prepare_task(targets, variables=["t2m"], coarse=wind, units={"u10": "K"}, **HALVES)


def test_stations_static_fields_and_holes():
    stations = xr.Dataset(
        {"tas": (("time", "station"), 5 + RNG.normal(size=(10, 3)), {"units": "degC"})},
        {
            "time": hourly(10, 24),
            "station": ["a", "b", "c"],
            "lat": ("station", [50.0, 52, 53]),
            "lon": ("station", [1.0, 2, 9]),
        },
    )
    stations["tas"][2] = np.nan
    stations["tas"][3, 0] = np.nan
    orog = fine(1).isel(time=0, drop=True).rename(t2m="orog")
    holed = coarse(name="t2m", mean=7.0, units="degC")
    holed["t2m"][:, 0, 0] = np.nan
    made = prepare_task(canonical(stations), variables=["tas"], coarse=holed, static=orog, **HALVES)
    assert made.task.train.truth.shape == (5, 1, 3)  # a day without any station says nothing
    assert bool(jnp.isnan(made.task.train.truth[2, 0, 0])) and bool(
        jnp.isfinite(made.task.train.predictors.fields[0]).all()
    )
    assert made.task.layout.static_names == ("orog",)
    line = Bilinear().between(grid_of(orog), made.task.layout.place)(jnp.asarray(orog["orog"].values))
    np.testing.assert_allclose(made.preparation.static[0], line, rtol=1e-6)
    with pytest.raises(InputError, match="Stations have no cells"):
        prepare_task(canonical(stations), variables=["tas"], factor=2, **HALVES)


@pytest.mark.parametrize("regional", [False, True])
def test_apply_reads_what_fit_read(tmp_path, regional):
    ds = fine(every=24)
    files = [coarse(mean=7.0, units="degC")] if regional else []
    made = prepare_task(
        ds, variables=["t2m"], coarse=files, factor=None if regional else 4, trim=True, neighbours=(-1, 0, 1), **HALVES
    )
    save({"preparation": made.preparation}, tmp_path / "model")
    kept = load(tmp_path / "model")[0]["preparation"]
    assert kept.layout == made.preparation.layout and hash(kept.layout.recipe) == hash(made.preparation.layout.recipe)
    json.loads((tmp_path / "model" / "model.json").read_text())
    for given in files or [ds, canonical(ds)]:
        whole, times = predictors_from(kept, given)
        assert len(times) == 10  # ends are served, too: the nearest time is repeated
        at = np.searchsorted(times.seconds, made.train_times.seconds)
        np.testing.assert_array_equal(whole.at(at).fields[0], made.task.train.predictors.fields[0])
        np.testing.assert_array_equal(whole.fields[0][0, 0], whole.fields[0][0, 1])
        reader = Reader.of(kept, given)
        parts = [reader.read(a, b)[0].fields[0] for a, b in reader.chunks(3)]
        np.testing.assert_array_equal(np.concatenate(parts), whole.fields[0])
        assert any("2 of 10 times a neighbour was missing" in n for n in reader.notes)


def fitted(**kwargs):
    return prepare_task(fine(every=24), variables=["t2m"], coarse=coarse(), **kwargs, **HALVES).preparation


@pytest.mark.parametrize(
    "change,word",
    [
        (lambda d: d.isel(lat=slice(1, None)), "too few cells"),
        (lambda d: d.assign_coords(lat=d["lat"] + 1.0), "at other coordinates"),
        (lambda d: d.isel(lat=slice(None, None, 2)), "lies on a 2x5 grid"),
        (lambda d: d.rename(t2m="tas"), "no variable 't2m'.*they hold tas"),
        (lambda d: d.assign(t2m=d["t2m"].assign_attrs(units="Pa")), "measure different things"),
        (lambda d: d.assign(t2m=(d["t2m"] - 273.15).assign_attrs(units="K")), "check its unit"),
        (lambda d: d.assign(t2m=(d["t2m"] - 273.15).drop_attrs()), "without units"),
        (lambda d: d.assign(t2m=d["t2m"].where(False).assign_attrs(units="K")), "no finite value"),
        (lambda d: d.isel(time=[0, 2, 1]), "not in order"),
        (lambda d: d.isel(time=[0, 1, 1]), "duplicate"),
        (lambda d: d.convert_calendar("noleap", use_cftime=True), "calendar 'noleap'"),
    ],
)
def test_files_unlike_those_of_the_fit_are_refused_in_one_sentence(change, word):
    with pytest.raises(InputError, match=word) as caught:
        Reader.of(fitted(), change(coarse()))
    assert "\n" not in str(caught.value)


def test_files_that_differ_harmlessly_are_read_as_those_of_the_fit():
    preparation, ds = fitted(), coarse()
    want = predictors_from(preparation, ds)[0].fields[0]
    turned = ds.assign_coords(lon=ds["lon"] + 360)
    celsius = ds.assign(t2m=(ds["t2m"] - 273.15).assign_attrs(units="degC"))
    larger = xr.concat([ds, ds.assign_coords(lat=ds["lat"] + 16.0)], "lat")
    for other in (turned, celsius, larger, ds.assign(t2m=ds["t2m"].drop_attrs()), ds.assign(tp=ds["t2m"] * 0)):
        np.testing.assert_allclose(predictors_from(preparation, other)[0].fields[0], want, rtol=1e-12)


def test_another_grid_is_brought_over_only_when_asked():
    preparation = fitted()
    other = field(hourly(3, 24), np.arange(60.0, 42.0, -3.0), np.arange(-6.0, 20.0, 3.0))
    with pytest.raises(InputError, match="bring the file to that grid"):
        Reader.of(preparation, other)
    reader = Reader.of(preparation, other, regrid=Bilinear())
    got, _ = reader.read(0, 3)
    want = Bilinear().between(grid_of(other), preparation.layout.sources[0].place)(jnp.asarray(other["t2m"].values))
    np.testing.assert_allclose(got.fields[0][:, 0], want, rtol=1e-12)
    assert any("Bilinear" in n for n in reader.notes)


def test_neighbours_need_the_step_of_the_fit():
    preparation = fitted(neighbours=(-1, 0))
    ds = field(hourly(3, 6), np.arange(58.0, 44.0, -4.0), np.arange(-2.0, 16.0, 4.0))
    with pytest.raises(InputError, match="steps of 24 h, but the files go by 6 h"):
        Reader.of(preparation, ds)


def test_bad_requests_are_refused():
    ds = fine()
    with pytest.raises(InputError, match="--factor 4, or --coarse"):
        prepare_task(ds, variables=["t2m"], **HALVES)
    with pytest.raises(InputError, match="no variable 'tp'"):
        prepare_task(ds, variables=["tp"], factor=4, trim=True, **HALVES)
    with pytest.raises(InputError, match="no 20x20 block"):
        prepare_task(ds, variables=["t2m"], factor=20, trim=True, **HALVES)
    with pytest.raises(InputError, match="each offset once"):
        prepare_task(ds, variables=["t2m"], factor=4, trim=True, neighbours=(0, 0), **HALVES)
    with pytest.raises(InputError, match="no finite value"):
        prepare_task(ds.assign(t2m=ds["t2m"] * np.nan), variables=["t2m"], factor=4, trim=True, **HALVES)
    with pytest.raises(InputError, match="same period"):
        prepare_task(ds, variables=["t2m"], coarse=coarse().assign_coords(time=hourly(10, 24, "2010-01-01")), **HALVES)


def test_unlabelled_predictors_keep_away_from_validation():
    long = field(hourly(30, 24, "2019-12-20"), np.arange(58.0, 44.0, -4.0), np.arange(-2.0, 16.0, 4.0))
    made = prepare_task(fine(every=24), variables=["t2m"], coarse=long, unlabelled="2019-12-20/2020-01-18", **HALVES)
    assert len(made.task.unlabelled) == 30 - 3


class _Interpolated(AbstractDeterministic):
    layout: Layout

    def predict(self, predictors: Predictors):
        source, channel = self.layout.counterparts[0]
        between = Bilinear(clamp=True).between(self.layout.sources[source].place, self.layout.place)
        return between(predictors.fields[source][:, channel : channel + 1])


def test_a_data_set_in_gives_a_data_set_out():
    made = prepare_task(fine(every=24), variables=["t2m"], coarse=coarse(), neighbours=(-1, 0), **HALVES)
    model, ds = _Interpolated(made.task.layout), coarse()
    got = model.predict(ds)
    want = model.predict(predictors_from(made.preparation, ds)[0])
    np.testing.assert_array_equal(got["t2m"].values, want[:, 0])
    assert (
        got["t2m"].dims == ("time", "lat", "lon") and got["t2m"].attrs["units"] == "K" and grid_of(got).shape == (9, 13)
    )
    member = model.sample(ds, key=jax.random.key(0), count=5)
    assert member["t2m"].dims == ("member", "time", "lat", "lon") and member.sizes["member"] == 1
    with pytest.raises(InputError, match="open_dataset"):
        model.predict("coarse.nc")


def _stream(path, layout, members, count=10):
    return FineStream(path, layout, Times.of(hourly(count, 24)), members, 4, ("a note",), "model 1")


@pytest.mark.parametrize("name", ["out.nc", "out.zarr"])
@pytest.mark.parametrize("members", [None, 3])
def test_stretches_survive_and_join_to_the_same_file(tmp_path, name, members):
    layout = prepare_task(fine(), variables=["t2m"], factor=4, trim=True, **HALVES).task.layout
    lead = () if members is None else (members,)
    whole = RNG.normal(size=(*lead, 10, 1, 8, 12)).astype(np.float32)
    part = lambda a, b: whole[..., a:b, :, :, :]
    first = _stream(tmp_path / name, layout, members)
    assert first.pending() == [(0, 4), (4, 8), (8, 10)]
    first.write(4, 8, part(4, 8))
    (first.folder / "000000000.tmp").write_bytes(b"killed while writing")
    with pytest.raises(InputError, match="not computed yet"):
        first.finish()
    again = _stream(tmp_path / name, layout, members)
    for a, b in again.pending():
        assert (a, b) != (4, 8)
        again.write(a, b, part(a, b))
    again.finish(provenance="the test")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    got = open_dataset(tmp_path / name)
    values = got["t2m"].transpose(*(("member",) if members else ()), "time", "lat", "lon").values
    np.testing.assert_array_equal(values, whole[..., 0, :, :])
    assert got["t2m"].attrs["units"] == "K" and "the test" in got.attrs["history"] and got.attrs["notes"] == "a note"
    np.testing.assert_array_equal(got["time"], hourly(10, 24))


def test_work_of_another_kind_is_not_resumed(tmp_path):
    layout = prepare_task(fine(), variables=["t2m"], factor=4, trim=True, **HALVES).task.layout
    one = _stream(tmp_path / "o.nc", layout, None)
    one.pending()
    one.write(0, 4, np.zeros((4, 1, 8, 12)))
    other = FineStream(one.path, layout, one.times, None, 4, (), "model 2")
    assert len(other.pending()) == 3
    with pytest.raises(InputError, match="shape"):
        other.write(0, 4, np.zeros((3, 1, 8, 12)))


def test_output_of_every_place_can_be_read_again(tmp_path):
    stations = xr.Dataset(
        {"tas": (("time", "station"), np.ones((10, 2)), {"units": "degC"})},
        {"time": hourly(10, 24), "station": ["a", "b"], "lat": ("station", [50.0, 52]), "lon": ("station", [1.0, 2])},
    )
    made = prepare_task(canonical(stations), variables=["tas"], coarse=coarse(), **HALVES)
    write_dataset(to_dataset(made.task.layout, made.train_times, made.task.train.truth), tmp_path / "s.nc")
    got = open_dataset(tmp_path / "s.nc")
    np.testing.assert_array_equal(got["tas"], np.ones((6, 2)))
    plane = canonical(
        xr.Dataset(
            {"pr": (("time", "northing", "easting"), np.ones((10, 4, 4)), {"units": "mm", "grid_mapping": "crs"})},
            {
                "time": hourly(10, 24),
                "northing": 3e6 + np.arange(4) * 1e4,
                "easting": 4e6 + np.arange(4) * 1e4,
                "crs": ((), 0, {"crs_wkt": "EPSG:3035"}),
            },
        )
    )
    made = prepare_task(plane, variables=["pr"], factor=2, **HALVES)
    write_dataset(to_dataset(made.task.layout, made.train_times, made.task.train.truth), tmp_path / "p.nc")
    again = open_dataset(tmp_path / "p.nc")
    one, other = grid_of(again).coordinates(), made.task.layout.place.coordinates()
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_real_files_make_tasks(data_dir):
    uk = data_dir / "era5_uk_t2m"
    days = {"train": "2019-03-01/2019-03-17", "valid": "2019-03-19/2019-03-21"}
    made = [
        prepare_task(open_dataset(uk / name), variables=["t2m"], factor=4, trim=True, neighbours=(-1, 0, 1), **days)
        for name in ("era5_uk_t2m_201903.nc", "era5_uk_t2m_20190301-21.grib")
    ]
    one, other = (m.task.train for m in made)
    assert one.truth.shape == (407, 1, 32, 48) and made[0].task.layout.place.y.centres[-1] == 58.0
    np.testing.assert_allclose(one.truth, other.truth, atol=6e-4)  # the netCDF is packed to 0.001 K
    np.testing.assert_allclose(one.predictors.fields[0], other.predictors.fields[0], atol=6e-4)
    folder = data_dir / "eraint_balearics"
    noon = [open_dataset(folder / f"{n}_ei.nc") for n in ("z500", "t850", "mslp")]
    rain = open_dataset(folder / "pcp_spread.nc")
    years = {"train": "2000/2006", "valid": "2008", "coarse": noon}
    with pytest.raises(InputError, match="--align day"):
        prepare_task(rain, variables=["tp"], **years)
    task = prepare_task(rain, variables=["tp"], align=DayAlign(), **years).task
    assert task.layout.sources[0].variables == ("z", "t", "msl") and len(task.train) == 2557 and len(task.valid) == 366
    assert int(jnp.isfinite(task.train.truth[0]).sum()) == 211
    winters = data_dir / "iberia_winter"
    stations = open_dataset(winters / "value_stations_djf_1983-1997.nc")
    ncep = [open_dataset(winters / f"ncep_{n}_djf_1983-1997.nc") for n in ("predictors", "surface")]
    made = prepare_task(
        stations, variables=["tas"], coarse=ncep, train="1983/1993", valid="1995/1997", neighbours=(-1, 0)
    )
    assert made.task.layout.counterparts == ((1, 2),) and np.unique(made.task.train.predictors.segment).size == 12
    future = open_dataset(winters / "cmip5_rcp85_djf_2081-2100.nc")
    with pytest.raises(InputError, match="8x11 grid"):
        Reader.of(made.preparation, future)
    assert len(Reader.of(made.preparation, future, regrid=Bilinear(clamp=True))) == 1804
