"""What must not leave the machine: names that promise a secret, and credentials within addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"

# Of variables and options, whatever case and separators they are written in.
SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|(^|_)(pwd|pass|pw)($|_)|credential|(^|_)auth|api_?key|access_?key|private|"
    r"(^|_)keys?($|_)|cookie|session|signature|(^|_)(sig|dsn|sas|pat|jwt|cert)($|_)|conn(ection)?_?str|webhook"
)
SECRET_FILE = re.compile(
    r"(^|/)(\.env[^/]*|\.netrc|\.pypirc|\.npmrc|\.htpasswd|id_(rsa|dsa|ecdsa|ed25519)[^/]*|[^/]*\.(pem|key|p12|pfx|jks|keystore|"
    r"kdbx))$|credential|secret|password|token",
    re.IGNORECASE,
)
# user:password@ and user@, but not the user of ssh, who is part of the address and no secret.
USER_INFO = re.compile(
    r"(?i)\b((?:https?|ftps?|git|s3|gs|redis|amqp|mongodb(?:\+srv)?|[a-z]*sql[a-z0-9+]*)://)[^/\s@]*@"
)
SSH_PASSWORD = re.compile(r"(?i)\b(ssh://[^/\s@:]*):[^/\s@]*@")
QUERY = re.compile(r"(?i)([?&][^=&\s]*(?:token|key|secret|sig|password|auth)[^=&\s]*=)[^&\s#]*")


def is_secret_name(name: str) -> bool:
    """Say whether a variable or an option of this name may hold a secret."""
    return SECRET_NAME.search(name.strip("-").replace("-", "_").replace(".", "_").lower()) is not None


def is_secret_file(name: str) -> bool:
    """Say whether a file of this name may hold secrets."""
    return SECRET_FILE.search(name) is not None


def without_credentials(text: str) -> str:
    """Return a text whose addresses have lost their users, passwords and secret parameters."""
    text = USER_INFO.sub(r"\1", text)
    text = SSH_PASSWORD.sub(r"\1@", text)
    return QUERY.sub(rf"\1{MASK}", text)


def masked_arguments(arguments: Iterable[str]) -> list[str]:
    """Return a command line without the values of options that promise a secret: `--api-key abc`, `password=abc`."""
    shown: list[str] = []
    hide_next = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            shown.append(MASK)
        elif equals and is_secret_name(name):
            shown.append(f"{name}={MASK}")
        else:
            shown.append(without_credentials(argument))
        hide_next = argument.startswith("-") and not equals and is_secret_name(argument)
    return shown
