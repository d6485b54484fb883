"""`tidelog server`: hand over to the server's own command."""

from __future__ import annotations

from collections.abc import Sequence

from tidelog.commands.printing import say
from tidelog.commands.statuses import WRONG


def serve(argv: Sequence[str]) -> int:
    """Run the server with these arguments, if it is installed."""
    try:
        from tidelog_server import server_command
    except ModuleNotFoundError as error:
        say(f"the server is not installed ({error.name} is missing): pip install 'tidelog[server]'")
        return WRONG
    return int(server_command.main(list(argv)) or 0)
