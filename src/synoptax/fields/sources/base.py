"""The type of all data sources."""

import abc
import re
from collections.abc import Mapping, Sequence

import equinox as eqx
import xarray as xr

from ...core import InputError
from ..io import select


class AbstractSource(eqx.Module):
    """A place where data lie, under names of its own. `open` gives them under ours, in the library's form, unread.

    Our names are those of ECMWF: t2m, d2m, u10, v10, msl, sp, tp, sst, lsm, and z, t, u, v, q, w with the pressure
    level appended (z500, t850). Units stay those of the source and are declared; `to_units` converts.
    """

    @abc.abstractmethod
    def raw(self) -> xr.Dataset:
        """All variables in the library's form, under the names of the source."""

    @abc.abstractmethod
    def names(self) -> Mapping[str, str]:
        """Their name to our name, levels left out."""

    def open(self, variables: Sequence[str] | None = None) -> xr.Dataset:
        """Some variables (all by default) under our names; nothing but coordinates is read.

        **Raises:** `InputError` when the store cannot be opened or lacks a variable.
        """
        ds = renamed(self.raw(), self.names())
        return ds if variables is None else select(ds, variables, name=f"the {type(self).__name__} data")


def renamed(ds: xr.Dataset, names: Mapping[str, str]) -> xr.Dataset:
    """Variables under our names; a number at the end (the pressure level) is carried over."""
    change = {}
    for name in map(str, ds.data_vars):
        match = re.fullmatch(r"(.*?)(\d*)", name)
        whole, stem = names.get(name), names.get(match[1]) if match else None
        if whole is not None:
            change[name] = whole
        elif stem is not None and match is not None:
            change[name] = f"{stem}{match[2]}"
    change = {a: b for a, b in change.items() if a != b}
    clash = [b for b in change.values() if b in ds.data_vars or list(change.values()).count(b) > 1]
    if clash:
        raise InputError(f"Two variables of the data would both be called {clash[0]}; open the files one by one.")
    return ds.rename(change)
