"""The daily circulation over the western Mediterranean, one to some days ahead: real data, three variables."""

import equinox as eqx

from .eraint import circulation
from .forecast import AbstractDailyForecast, Series


class EraIntForecast(AbstractDailyForecast):
    """ERA-Interim z500, t850 and sea-level pressure at 12 UTC, 30-55N 15W-15E, 2.5 degrees; `lead` days on.

    One fold a left-out year, 2000 to 2008; the next one (in a circle) validates, the seven others train, ten days lie
    between blocks. A forecast sees all three variables on the newest `history` days, and says all three. In m, K and
    hPa, each scored for itself, weighted by area.

    When to use: several variables at once from little data, on a region so small that what comes in over its edges
    decides after a day or two. When not: claims about weather models. Data: ECMWF, attribution required, read from the
    folder that `SYNOPTAX_DATA` names.

    **Arguments:**
    - `lead`: days ahead.
    - `history`: days that a forecast sees.
    - `years`: years left out, one after the other.
    - `gap`: days between blocks of different use.
    - `block`: days in a block of the bootstrap.
    """

    years: tuple[int, ...] = eqx.field(static=True, default=(2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008))

    def series(self) -> Series:
        """The three files.

        **Raises:** `InputError` when they are not where `SYNOPTAX_DATA` points.
        """
        return circulation()
