"""What a run is opened with: arguments, then environment variables, then defaults."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from tidelog import cluster
from tidelog.errors import InvalidValueError, UnsupportedTypeError
from tidelog.paths import has_control_characters
from tidelog.project_names import check_new_project_name
from tidelog.switches import Switches
from tidelog.values.encoding import STEP_SCALE, as_step, as_utf8, encode_strings, shown

DEFAULT_URL = "http://127.0.0.1:8600"
DEFAULT_PROJECT = "default"
DEFAULT_DIRECTORY = ".tidelog"
REACTIONS = ("exception", "ignore")
MODES = ("async", "offline", "sync", "read-only", "debug")
NAME_CHARACTERS = 255
RUN_NAME_CHARACTERS = 1000

OnRequest = str | Callable[[Any], object]  # "exception", "ignore", or what is called with the run


class Settings(NamedTuple):
    """The settings of one run."""

    url: str
    api_token: str | None
    project: str
    mode: str
    directory: str
    with_id: str | None
    custom_run_id: str | None
    name: str | None
    tags: frozenset[str]
    flush_interval_s: float
    switches: Switches
    kind: str = "run"
    model: str | None = None
    description: str | None = None
    group_tags: frozenset[str] = frozenset()
    on_stop: OnRequest = "exception"
    on_abort: OnRequest = "exception"
    log_all_ranks: bool = False
    fork_run_id: str | None = None
    fork_step: float | None = None

    @property
    def is_muted(self) -> bool:
        """Whether another rank of the job logs to the same run in place of this process."""
        if self.kind != "run" or self.log_all_ranks or not self.keeps_journal:
            return False
        place = cluster.find_place()
        return (self.custom_run_id or self.with_id) is not None and place.is_one_of_many and not place.is_main

    @property
    def keeps_journal(self) -> bool:
        """Whether this mode writes to disk."""
        return self.mode in ("async", "offline", "sync")

    @property
    def talks(self) -> bool:
        """Whether this mode talks to a server at all."""
        return self.mode in ("async", "sync", "read-only")


def resolve_settings(
    project: str | None, name: str | None, tags: object, with_id: str | None, custom_run_id: str | None,
    mode: str | None, url: str | None, api_token: str | None, directory: str | os.PathLike[str] | None,
    flush_interval_s: float, switches: Switches, kind: str = "run", model: str | None = None,
    description: str | None = None, group_tags: object = None, on_stop: object = "exception",
    on_abort: object = "exception", log_all_ranks: bool = False, fork_run_id: str | None = None,
    fork_step: object = None,
) -> Settings:  # fmt: skip
    """Check the arguments of `init_run` and fill in what is missing from the environment."""
    if with_id is not None and custom_run_id is not None:
        raise InvalidValueError(
            f"with_id={with_id!r} and custom_run_id={custom_run_id!r} both name a run to go on with; give one of them"
        )
    if with_id is None and kind == "run":
        custom_run_id = custom_run_id or os.environ.get("TIDELOG_CUSTOM_RUN_ID") or None
    mode = mode or os.environ.get("TIDELOG_MODE") or "async"
    if mode not in MODES:
        raise InvalidValueError(f"mode {shown(mode)} is none of {', '.join(MODES)}")
    if mode == "read-only" and with_id is None and custom_run_id is None:
        raise InvalidValueError(
            "mode 'read-only' reads a run that is there: name it by with_id='MNIST-3' or custom_run_id="
        )
    _check_run_name(name)
    if fork_run_id is not None and with_id is not None:
        raise InvalidValueError(
            f"with_id={with_id!r} goes on with a run, fork_run_id={fork_run_id!r} makes a new one; give one of them"
        )
    if (fork_run_id is None) != (fork_step is None):
        raise InvalidValueError("fork_run_id and fork_step make a fork together: give both or neither")
    return Settings(
        url=resolve_url(url),
        api_token=resolve_token(api_token),
        project=resolve_project(project) if mode == "read-only" else _project_to_log_to(project),
        mode=mode,
        directory=resolve_directory(directory),
        with_id=None if with_id is None else _name("with_id", with_id),
        custom_run_id=None if custom_run_id is None else _name("custom_run_id", custom_run_id),
        name=name,
        tags=_tags(tags),
        flush_interval_s=_interval(flush_interval_s),
        switches=switches,
        kind=kind,
        model=None if model is None else _name("model", model),
        description=_description(description),
        group_tags=_tags(group_tags),
        on_stop=_reaction("on_stop", on_stop),
        on_abort=_reaction("on_abort", on_abort),
        log_all_ranks=bool(log_all_ranks),
        fork_run_id=None if fork_run_id is None else _name("fork_run_id", fork_run_id),
        fork_step=None if fork_step is None else as_step(fork_step) / STEP_SCALE,
    )


def resolve_project(project: str | None) -> str:
    """Return the project's name."""
    return _name("project", project or os.environ.get("TIDELOG_PROJECT") or DEFAULT_PROJECT)


def _project_to_log_to(project: str | None) -> str:
    name = resolve_project(project)
    check_new_project_name(name)
    return name


def resolve_url(url: str | None) -> str:
    """Return the server's address without a slash at its end."""
    url = url or os.environ.get("TIDELOG_URL") or DEFAULT_URL
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise InvalidValueError(f"url {shown(url)} is not a server's address; it looks like {DEFAULT_URL}")
    return url.rstrip("/")


def resolve_token(api_token: str | None) -> str | None:
    """Return the token, if there is one."""
    return api_token or os.environ.get("TIDELOG_API_TOKEN") or None


def resolve_directory(directory: str | os.PathLike[str] | None) -> str:
    """Return where journals are, absolute: a later chdir must not move them."""
    given = directory or os.environ.get("TIDELOG_DIR") or DEFAULT_DIRECTORY
    if not isinstance(given, (str, os.PathLike)):
        raise UnsupportedTypeError(f"directory {shown(given)} is not a path")
    chosen = os.path.expanduser(os.fspath(given))
    if not isinstance(chosen, str) or "\0" in chosen:
        raise InvalidValueError(f"directory {shown(given)} is not the path of a folder")
    try:
        return os.path.abspath(chosen)
    except FileNotFoundError:  # the program's working directory was deleted
        return fallback_directory()


def fallback_directory() -> str:
    """Return where journals go if the directory for them cannot be written."""
    from tempfile import gettempdir

    return os.path.join(gettempdir(), f"tidelog-{os.getuid()}")


def _check_run_name(name: object) -> None:
    if name is not None and not isinstance(name, str):
        raise UnsupportedTypeError(f"name {shown(name)} is not text")
    if name is not None and len(name) > RUN_NAME_CHARACTERS:
        raise InvalidValueError(f"name {shown(name)} is longer than {RUN_NAME_CHARACTERS:,} characters")


def _description(description: object) -> str | None:
    if description is not None and not isinstance(description, str):
        raise UnsupportedTypeError(f"description {shown(description)} is not text")
    if description is not None:
        as_utf8("sys/description", description)  # raises if it is too long
    return description


def _reaction(argument: str, reaction: object) -> OnRequest:
    """Check what is to be done when a person asks the job to end."""
    if callable(reaction) or reaction in REACTIONS:
        return reaction
    raise InvalidValueError(f"{argument} {shown(reaction)} is neither a function of the run nor one of {REACTIONS}")


def _name(argument: str, text: object) -> str:
    if not isinstance(text, str):
        raise UnsupportedTypeError(f"{argument} {shown(text)} is not text")
    if not text.strip() or len(text) > NAME_CHARACTERS or has_control_characters(text):
        raise InvalidValueError(
            f"{argument} {shown(text)} is not 1 to {NAME_CHARACTERS} characters without control characters"
        )
    return text


def _tags(tags: object) -> frozenset[str]:
    if tags is None:
        return frozenset()
    if not isinstance(tags, (list, tuple, set, frozenset)) or not all(isinstance(tag, str) for tag in tags):
        raise UnsupportedTypeError(f"tags {shown(tags)} are not a list of str")
    return frozenset(encode_strings("sys/tags", tags))


def _interval(flush_interval_s: object) -> float:
    if isinstance(flush_interval_s, bool) or not isinstance(flush_interval_s, (int, float)) or not flush_interval_s > 0:
        raise InvalidValueError(f"flush_interval_s {shown(flush_interval_s)} is not a number of seconds above 0")
    return float(flush_interval_s)
