"""What the structural similarities share."""

from ...core import InputError

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang, Simoncelli and Bovik (2003): finest scale first


def check_similarity(name: str, exponents: tuple[float, ...], window: int, sigma: float) -> None:
    """**Raises:** `InputError` without exponents, and for a window or a width that no Gaussian has."""
    if not exponents or window < 1 or window % 2 == 0 or not sigma > 0:
        raise InputError(
            f"{name} needs an exponent a scale, an odd window and a positive width; given {exponents}, "
            f"{window} and {sigma}."
        )
