"""The command `tidelog` itself."""

from __future__ import annotations

import sys

import pytest

import tidelog
from tidelog import cli


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """`tidelog --version`."""
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"tidelog {tidelog.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["sync", "--nonsense"]])
def test_a_wrong_command_explains_itself(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and the usage."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage: tidelog" in capsys.readouterr().err


def test_a_wrong_address_is_a_message_and_no_traceback(capsys: pytest.CaptureFixture[str], run: tidelog.Run) -> None:
    """An error of tidelog's is one line."""
    assert cli.main(["sync", "--directory", str(run.directory), "--url", "ftp://x"]) == 1
    assert "is not a server's address" in capsys.readouterr().out


def test_server_hands_its_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything behind `server` is the server's, `--help` too."""
    seen: list[list[str]] = []
    fake = type(sys)("tidelog_server.server_command")
    fake.main = lambda argv: seen.append(argv)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tidelog_server.server_command", fake)
    monkeypatch.setattr("tidelog_server.server_command", fake, raising=False)
    assert cli.main(["server", "--help", "--port", "1"]) == 0
    assert seen == [["--help", "--port", "1"]]


def test_without_the_server_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client comes without the server's dependencies."""
    monkeypatch.setitem(sys.modules, "tidelog_server", None)
    assert cli.main(["server"]) == 2
    assert "pip install 'tidelog[server]'" in capsys.readouterr().err
