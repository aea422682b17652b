"""Numbers as people read them: exact where it counts, `–` where nothing is known."""

from __future__ import annotations

import math

UNKNOWN = "–"


def logit(number: float | None, digits: int = 4) -> str:
    """A logit or another plain float with fixed digits; huge and tiny ones in scientific notation.

    >>> logit(-1.56069), logit(1e9), logit(3.2e-7), logit(0.0), logit(float("nan")), logit(None)
    ('-1.5607', '1.0000e+09', '3.2000e-07', '0.0000', 'nan', '–')
    """
    if number is None:
        return UNKNOWN
    if not math.isfinite(number):
        return str(number)
    size = abs(number)
    if size >= 1e6 or 0 < size < 10**-digits / 2:
        return f"{number:.{digits}e}"
    return f"{number:.{digits}f}"


def percent(probability: float | None) -> str:
    """A probability in percent: two digits, more where it is small, never rounded up to 100 or down to 0.

    >>> percent(0.95981), percent(0.0000123), percent(0.999999), percent(1.0), percent(0.0), percent(None)
    ('95.98 %', '0.0012 %', '99.9999 %', '100 %', '0 %', '–')
    >>> percent(1e-9)
    '1.0e-07 %'
    """
    if probability is None:
        return UNKNOWN
    if not math.isfinite(probability):
        return str(probability)
    if probability in (0.0, 1.0):
        return f"{probability * 100:.0f} %"
    hundredths = probability * 100
    for digits in (2, 4):
        shown = f"{hundredths:.{digits}f}"
        if float(shown) not in (0.0, 100.0) and (digits == 4 or 0.1 <= hundredths <= 99.9):
            return f"{shown} %"
    if hundredths > 50:
        return f"100−{100 * (1 - probability):.1e} %"
    return f"{hundredths:.1e} %"


def count(number: int | None) -> str:
    """A count with thousands separated.

    >>> count(49152), count(None)
    ('49,152', '–')
    """
    return UNKNOWN if number is None else f"{number:,}"


def short_count(number: int | None) -> str:
    """A large count in thousands, millions or billions.

    >>> short_count(1_353_602), short_count(890), short_count(7_241_732_096), short_count(None)
    ('1.35 M', '890', '7.24 B', '–')
    """
    if number is None:
        return UNKNOWN
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def size(number_of_bytes: int | None) -> str:
    """Bytes in decimal units.

    >>> size(5_431_200), size(812), size(None)
    ('5.43 MB', '812 B', '–')
    """
    if number_of_bytes is None:
        return UNKNOWN
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number_of_bytes >= factor:
            return f"{number_of_bytes / factor:.3g} {unit}"
    return f"{number_of_bytes} B"


def seconds(duration: float | None) -> str:
    """A duration in the unit that fits.

    >>> seconds(0.0042), seconds(0.000081), seconds(3.14159), seconds(250), seconds(None)
    ('4.2 ms', '0.08 ms', '3.1 s', '4 min 10 s', '–')
    """
    if duration is None:
        return UNKNOWN
    if duration < 0.001:
        return f"{duration * 1000:.2f} ms"
    if duration < 0.0995:
        return f"{duration * 1000:.1f} ms"
    if duration < 0.9995:
        return f"{duration * 1000:.0f} ms"
    if duration < 100:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"


def shape(sizes: tuple[int, ...]) -> str:
    """A tensor's shape as PyTorch writes it.

    >>> shape((1, 14, 128))
    '[1, 14, 128]'
    """
    return "[" + ", ".join(map(str, sizes)) + "]"
