"""How pages write numbers, times, sizes and values. Templates format nothing themselves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timezone

from markupsafe import Markup

from tidelog_server.pages.addresses import plain_step, with_query
from tidelog_server.series.points import STEP_UNITS

SIGNIFICANT_DIGITS = 5
CUT_CHARACTERS = 400  # of a string value in a list; the whole of it is one click away
NOTHING = "–"  # noqa: RUF001 - a dash, as long as a digit

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000


BYTES_PER_UNIT = 1000
TWO_DIGITS = 10  # from there on without a decimal


def count(value: int) -> str:
    """1204331 as `1,204,331`."""
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def number(value: float | int | None) -> str:
    """A figure for reading: five significant digits, integers in full."""
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"  # noqa: RUF001 - a minus sign
    text = f"{value:.{SIGNIFICANT_DIGITS}g}"
    if "e" not in text:
        return text
    if 1e-4 <= abs(value) < 1e9:
        return f"{value:.0f}"
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def step(micros: int) -> str:
    """A step, of millionths: `3`, `0.25`."""
    whole, rest = divmod(micros, 1_000_000)
    return f"{whole:,}" if not rest else f"{micros / 1_000_000:,.6f}".rstrip("0")


def exact(value: object) -> str:
    """The whole value, for a title or a copy: every digit of a float."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value_text(value)


def value_text(value: object, characters: int = CUT_CHARACTERS) -> str:
    """Any attribute's value as one line of text."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, datetime):
        return moment(round(value.timestamp() * 1000))
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        if "media_type" in value and isinstance(value.get("size"), int):  # a reference to a file
            return cut(f"{value.get('name', '')}, {size(value['size'])}", characters)
        files, in_all = value.get("files"), value.get("bytes")
        if "hash" in value and isinstance(files, int) and isinstance(in_all, int):  # an artifact
            return cut(f"{value.get('name', '')}, {plural(files, 'file')}, {size(in_all)}, {value['hash']}", characters)
        return cut(", ".join(f"{name}: {value_text(item)}" for name, item in value.items()), characters)
    return cut(str(value), characters)


def cut(text: str, characters: int = CUT_CHARACTERS) -> str:
    """The beginning of a long text, with how long it is."""
    if len(text) <= characters:
        return text
    return f"{text[:characters]}… ({len(text):,} characters)"


def path_head(path: str) -> str:
    """The namespaces of a path with the slash behind them; these give way first where room is scarce."""
    return path[: path.rfind("/") + 1]


def path_tail(path: str) -> str:
    """The last part of a path, which says what it is."""
    return path[path.rfind("/") + 1 :]


def type_name(kind: str) -> str:
    """The type of an attribute in the words of its readers."""
    return {"float_series": "series", "run_state": "state", "git_ref": "git reference"}.get(
        kind, kind.replace("_", " ")
    )


def last_line(text: str) -> str:
    """The last line with something on it: of a traceback, what went wrong."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")


def literal(text: str) -> str:
    """A text as Python source has it, for snippets to copy."""
    return json.dumps(text, ensure_ascii=False)


def is_block(value: object) -> bool:
    """Whether a value is a text of several lines, such as the summary of a model."""
    return isinstance(value, str) and "\n" in value


def is_table(value: object) -> bool:
    """Whether a value refers to a file that holds a table."""
    return isinstance(value, dict) and value.get("media_type") == "application/vnd.tidelog.table+json"


def kind(value: object) -> str:
    """The class of a table cell: `number` is set to the right, `text` to the left."""
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else "text"


def duration(span_ms: int | None) -> str:
    """A span of time in its two greatest units: `3 h 05 min`."""
    if span_ms is None:
        return NOTHING
    span = max(span_ms, 0)
    if span < SECOND_MS:
        return f"{span} ms"
    if span < MINUTE_MS:
        return f"{span / SECOND_MS:.1f} s" if span < 10 * SECOND_MS else f"{span // SECOND_MS} s"
    if span < HOUR_MS:
        return f"{span // MINUTE_MS} min {span % MINUTE_MS // SECOND_MS:02d} s"
    if span < DAY_MS:
        return f"{span // HOUR_MS} h {span % HOUR_MS // MINUTE_MS:02d} min"
    return f"{span // DAY_MS} d {span % DAY_MS // HOUR_MS} h"


def size(count_of_bytes: int) -> str:
    """A number of bytes, in the unit that leaves it below 1,000."""
    amount, unit = float(count_of_bytes), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < BYTES_PER_UNIT:
            break
        amount, unit = amount / BYTES_PER_UNIT, larger
    return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= TWO_DIGITS else f"{amount:.1f} {unit}"


def ago(then_ms: int, now_ms: int) -> str:
    """How long ago something was, in one unit."""
    span = max(now_ms - then_ms, 0)
    for unit_ms, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if span >= unit_ms:
            return f"{span // unit_ms} {name} ago"
    return "just now" if span < 10 * SECOND_MS else f"{span // SECOND_MS} s ago"


def moment(at_ms: int) -> str:
    """A point in time, in UTC. The browser's script turns the titles that hold one into local time."""
    return f"{_utc(at_ms):%Y-%m-%d %H:%M:%S} UTC"


def clock(at_ms: int) -> str:
    """The time of day, in UTC: `13:05:59`."""
    return f"{_utc(at_ms):%H:%M:%S}"


def iso(at_ms: int) -> str:
    """A point in time for `<time datetime>`."""
    return _utc(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json(value: object) -> str:
    """Data for a script, in an attribute of an element."""
    return json.dumps(value, ensure_ascii=False, default=vars)


def line_address(base: str, at: int) -> str:
    """A log's address with the line at this step, of millionths, in sight."""
    return f"{base}&step={plain_step(at / STEP_UNITS)}"


def query(pairs: list[tuple[str, str]]) -> str:
    """The query of an address; parts without a value are left out."""
    return with_query("", pairs).lstrip("?")


def _utc(at_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(at_ms / 1000, tz=timezone.utc)
    except (OverflowError, ValueError, OSError):  # a clock that was off by millennia
        return datetime.fromtimestamp(0, tz=timezone.utc)


def frozen(html: str) -> Markup:
    """What this server drew of a widget before, as it is: it was escaped then."""
    return Markup(html)


FILTERS: dict[str, Callable[..., object]] = {
    "ago": ago,
    "clock": clock,
    "count": count,
    "cut": cut,
    "duration": duration,
    "exact": exact,
    "frozen": frozen,
    "is_block": is_block,
    "is_table": is_table,
    "iso": iso,
    "json": as_json,
    "kind": kind,
    "last_line": last_line,
    "line_address": line_address,
    "literal": literal,
    "moment": moment,
    "number": number,
    "plural": plural,
    "query": query,
    "size": size,
    "step": step,
    "type_name": type_name,
    "value": value_text,
}
