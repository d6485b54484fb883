"""Files to log: a `File`, and what becomes one: bytes, open files, images, figures, tables.

A value of another library is recognised by where its type is defined; none is imported for it.
"""

from __future__ import annotations

import io
import os
import stat
from typing import Any

from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.files.images import Pixels, array_pixels, is_array, pil_pixels
from tidelog.files.media_types import extension_of, media_type_of
from tidelog.loaded import library_of
from tidelog.values.data_tables import Table, is_frame
from tidelog.values.encoding import shown, shown_path

ACCEPTED = (
    "a path, bytes, an open file, an image of PIL, numpy or torch, a figure of matplotlib, plotly, altair or bokeh, a "
    "frame of pandas or polars, a tidelog.Table or a tidelog.File"
)
NAME_CHARACTERS = 255
STREAM_BYTES = 1024 * 1024


class File:
    """A file to be logged: `run["model"].upload(tidelog.File.from_path("model.pt"))`.

    Made by `from_path`, `from_content`, `from_stream`, `as_image`, `as_html`, `as_pickle`, or `File(value)`, which
    takes whatever `upload` takes.
    """

    __slots__ = ("content", "extension", "media_type", "modified_ns", "name", "path", "pixels", "size")

    content: bytes | None
    extension: str
    media_type: str
    modified_ns: int | None
    name: str
    path: str | None
    pixels: Pixels | None
    size: int

    def __init__(self, value: Any, extension: str | None = None) -> None:
        made = value if isinstance(value, File) else _made_of(value)
        for field in self.__slots__:
            setattr(self, field, getattr(made, field))
        if extension is not None:
            self._rename(extension)

    @classmethod
    def _make(cls, name: str, content: bytes | None = None, path: str | None = None, size: int = 0) -> File:
        self = object.__new__(cls)
        self.content = content
        self.pixels = None
        self.path = path
        self.modified_ns = None
        self.name = clean_name(name)
        self.size = size if content is None else len(content)
        self.extension = extension_of(self.name)
        self.media_type = media_type_of(self.extension)
        return self

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], extension: str | None = None) -> File:
        """Take the file at this path as it is now. Raises `InvalidValueError` unless it can be read."""
        found = os.path.abspath(os.path.expanduser(os.fspath(path)))
        status = readable_file(found)
        self = cls._make(os.path.basename(found), path=found, size=status.st_size)
        self.modified_ns = status.st_mtime_ns
        if extension is not None:
            self._rename(extension)
        return self

    @classmethod
    def from_content(cls, content: bytes | str, extension: str | None = None, name: str | None = None) -> File:
        """Take bytes, or text in UTF-8, as the content of a file."""
        if not isinstance(content, (str, bytes, bytearray, memoryview)):
            raise UnsupportedTypeError(f"{shown(content)} is no content of a file; that is bytes or text")
        if extension is not None and not isinstance(extension, str):
            raise UnsupportedTypeError(f"the extension {shown(extension)} is not text, such as 'png'")
        data = content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
        default = "txt" if isinstance(content, str) else "bin"
        return cls._make(name or f"file.{(extension or default).lstrip('.')}", data)

    @classmethod
    def from_stream(cls, stream: Any, extension: str | None = None) -> File:
        """Read an open file, text or binary, from where it stands to its end."""
        try:
            content = stream.read()
        except (OSError, ValueError) as error:  # closed, open for writing only, or broken
            raise InvalidValueError(f"{shown(stream)} cannot be read: {error}") from error
        name = getattr(stream, "name", None)
        named = os.path.basename(name) if isinstance(name, str) and extension is None else None
        return cls.from_content(content, extension, named or None)

    @classmethod
    def as_image(cls, image: Any) -> File:
        """Take an image of PIL, numpy or torch, or a figure of matplotlib, as a PNG."""
        module = library_of(image)
        if module == "matplotlib" and hasattr(image, "savefig"):
            return _saved(image.savefig, format="png", bbox_inches="tight")
        if module == "PIL" and hasattr(image, "mode"):
            pixels = pil_pixels(image)
            if pixels is None:
                return _saved(
                    image.save if image.mode in ("1", "P", "I", "I;16") else image.convert("RGB").save, format="PNG"
                )
        elif is_array(image):
            pixels = array_pixels(image)
        else:
            raise UnsupportedTypeError(f"{shown(image)} is no image; one is of PIL, numpy, torch or matplotlib")
        self = cls._make("image.png", pixels.data)
        self.pixels = pixels
        return self

    @classmethod
    def as_html(cls, value: Any) -> File:
        """Take a figure of plotly, altair or bokeh, a pandas frame, or text that is HTML, as a page of its own.

        Pages show it in a frame that can reach nothing of the server.
        """
        module = library_of(value)
        if isinstance(value, str):
            html = value
        elif module == "plotly":
            html = value.to_html(include_plotlyjs=True, full_html=True)
        elif module == "bokeh":
            from bokeh.embed import file_html  # type: ignore[import-not-found,unused-ignore]
            from bokeh.resources import INLINE  # type: ignore[import-not-found,unused-ignore]

            html = file_html(value, INLINE)
        elif module == "matplotlib":
            html = _figure_page(value)
        elif hasattr(value, "to_html"):
            html = value.to_html()
        else:
            raise UnsupportedTypeError(f"{shown(value)} cannot be made HTML; that is text, or what has to_html()")
        return cls.from_content(html, "html")

    @classmethod
    def as_pickle(cls, value: Any) -> File:
        """Take any Python object as a pickle."""
        import pickle

        try:
            content = pickle.dumps(value)
        except (pickle.PicklingError, AttributeError, TypeError, ValueError, RecursionError) as error:
            raise UnsupportedTypeError(f"{shown(value)} cannot be pickled: {error}") from error
        return cls.from_content(content, "pkl")

    def __repr__(self) -> str:
        return f"<File {self.name!r}, {self.size:,} bytes>"

    def _rename(self, extension: str) -> None:
        if not isinstance(extension, str):
            raise UnsupportedTypeError(f"the extension {shown(extension)} is not text, such as 'png'")
        stem = os.path.splitext(self.name)[0] or "file"
        self.name = clean_name(f"{stem}.{extension.lstrip('.')}")
        self.extension = extension_of(self.name)
        self.media_type = media_type_of(self.extension)


def file_of(value: Any) -> File | None:
    """Return the file that a value is without a doubt, when it is assigned or appended; None for other values."""
    if isinstance(value, File):
        return value
    if isinstance(value, Table) or is_frame(value):
        return (value if isinstance(value, Table) else Table(value)).as_file()
    module = library_of(value)
    if module == "PIL" and hasattr(value, "mode"):
        return File.as_image(value)
    if module == "matplotlib" and hasattr(value, "savefig"):
        return File.as_image(value)
    if module in ("plotly", "altair", "bokeh"):
        return File.as_html(value)
    if isinstance(value, (bytes, bytearray, io.IOBase)):
        return _made_of(value)
    if is_array(value) and 2 <= len(value.shape) <= 4:
        return File.as_image(value)
    return None


def is_pictured(value: Any) -> bool:
    """Say whether a value is a `File`, a table, an image of PIL, or a figure."""
    module = library_of(value)
    return (
        isinstance(value, (File, Table))
        or is_frame(value)
        or (module == "PIL" and hasattr(value, "mode"))
        or (module == "matplotlib" and hasattr(value, "savefig"))
        or module in ("plotly", "altair", "bokeh")
    )


def readable_file(path: str) -> os.stat_result:
    """Return the status of a regular file that can be read, or raise what is wrong with it."""
    if "\0" in path:
        raise InvalidValueError(f"{shown_path(path)} has a NUL character in it and cannot be the path of a file")
    try:
        status = os.stat(path)
    except OSError as error:
        raise InvalidValueError(f"{shown_path(path)} cannot be logged as a file: {error.strerror or error}") from error
    if stat.S_ISDIR(status.st_mode):
        raise InvalidValueError(f"{shown_path(path)} is a folder; upload_files() takes folders and patterns")
    if not stat.S_ISREG(status.st_mode):
        raise InvalidValueError(
            f"{shown_path(path)} is no regular file (a pipe, socket or device) and cannot be logged as one"
        )
    if not os.access(path, os.R_OK):
        raise InvalidValueError(f"{shown_path(path)} cannot be logged as a file: Permission denied")
    return status


def clean_name(name: str) -> str:
    """Return a name that may stand anywhere: without folders, control characters and lone surrogates."""
    printable = "".join(character if character.isprintable() else "_" for character in name)
    base = printable.replace("/", "_").replace("\\", "_").strip() or "file"
    if base in (".", ".."):
        return "file"
    if len(base) > NAME_CHARACTERS:
        extension = os.path.splitext(base)[1][:20]
        base = base[: NAME_CHARACTERS - len(extension)] + extension
    return base


def _made_of(value: Any) -> File:
    if isinstance(value, (str, os.PathLike)):
        return File.from_path(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return File.from_content(bytes(value))
    file = None if isinstance(value, io.IOBase) else file_of(value)
    if file is not None:
        return file
    if hasattr(value, "read"):
        return File.from_stream(value)
    raise UnsupportedTypeError(f"{shown(value)} cannot be logged as a file; accepted are {ACCEPTED}")


def _saved(save: Any, **options: Any) -> File:
    buffer = io.BytesIO()
    save(buffer, **options)
    return File.from_content(buffer.getvalue(), "png", "image.png")


def _figure_page(figure: Any) -> str:
    from base64 import b64encode

    picture = b64encode(_saved(figure.savefig, format="png", bbox_inches="tight").content or b"").decode()
    return f'<!doctype html><img alt="figure" src="data:image/png;base64,{picture}">'
