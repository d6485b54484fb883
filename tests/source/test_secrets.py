"""What never leaves the machine."""

from __future__ import annotations

import pytest

from tidelog.source.environment import allowed_variables
from tidelog.source.secrets import is_secret_file, is_secret_name, masked_arguments, without_credentials


@pytest.mark.parametrize(
    "name",
    [
        "WANDB_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "DB_PASSWORD", "MYSQL_PWD",
        "GOOGLE_APPLICATION_CREDENTIALS", "SSH_AUTH_SOCK", "AWS_SESSION_TOKEN", "SENTRY_DSN", "tidelog_api_token",
        "Passphrase", "--api-key", "--db.password", "PRIVATE_PEM", "KEY", "SLACK_WEBHOOK", "AZURE_CONNECTION_STRING",
    ],
)  # fmt: skip
def test_names_that_promise_a_secret_are_known(name: str) -> None:
    """However they are written."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["CUDA_VISIBLE_DEVICES", "KERAS_BACKEND", "KEYBOARD", "OMP_NUM_THREADS", "--monkey"])
def test_other_names_are_not(name: str) -> None:
    """A word that has one of theirs within it is no secret."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://alice:ghp_abc@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://ghp_abc@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://github.com/a/b.git", "https://github.com/a/b.git"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("ssh://git@host:2222/a/b", "ssh://git@host:2222/a/b"),
        ("ssh://git:pw@host/a", "ssh://git@host/a"),
        ("postgresql+psycopg://u:p@db/x", "postgresql+psycopg://db/x"),
        ("https://host/x?private_token=abc&ref=1", "https://host/x?private_token=***&ref=1"),
        ("--url=https://u:p@host and https://v:q@other", "--url=https://host and https://other"),
    ],
)
def test_addresses_lose_their_credentials(text: str, clean: str) -> None:
    """User, password, token; what says where something is stays."""
    assert without_credentials(text) == clean


def test_the_command_line_loses_secret_values() -> None:
    """In either way of writing an option."""
    line = [
        "train.py",
        "--lr",
        "0.1",
        "--api-key",
        "abc",
        "--password=x",
        "token=y",
        "https://u:p@host/",
        "--secret",
        "-v",
    ]
    assert masked_arguments(line) == [
        "train.py", "--lr", "0.1", "--api-key", "***", "--password=***", "token=***", "https://host/", "--secret", "-v",
    ]  # fmt: skip


def test_the_environment_is_an_allow_list(caplog: pytest.LogCaptureFixture) -> None:
    """Names and patterns; a secret that is named is refused aloud, one that a pattern meets in silence."""
    environment = {"A": "1", "NCCL_DEBUG": "INFO", "NCCL_TOKEN": "s", "MY_SECRET": "s", "PROXY": "http://u:p@proxy"}
    assert allowed_variables(["NCCL_*", "MY_SECRET", "PROXY"], environment) == {
        "NCCL_DEBUG": "INFO",
        "PROXY": "http://proxy",
    }
    assert [record.getMessage() for record in caplog.records] == [
        "the environment variables MY_SECRET are not recorded: such names are those of secrets"
    ]


@pytest.mark.parametrize("name", [".env", "conf/.env.local", "id_rsa", "keys/server.pem", "aws_credentials.json"])
def test_files_that_promise_a_secret_are_known(name: str) -> None:
    """Of untracked files these are named, not kept."""
    assert is_secret_file(name)
    assert not is_secret_file("train.py")
