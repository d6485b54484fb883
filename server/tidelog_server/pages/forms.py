"""What a form of a page sends: pairs of texts, read without more than the standard library."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request

FIELDS = 1_000  # of one form


class Form:
    """The fields of a form. A field that was not sent is empty."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def text(self, name: str, default: str = "") -> str:
        """The value of a field."""
        return self._fields.get(name, [default])[0]

    def texts(self, name: str) -> list[str]:
        """All values of a field that may be there several times."""
        return self._fields.get(name, [])


async def form_of(request: Request) -> Form:
    """The form in the body of a request; bytes that are no UTF-8 become replacement characters."""
    body = (await request.body()).decode(errors="replace")
    return Form(parse_qs(body, keep_blank_values=True, max_num_fields=FIELDS))
