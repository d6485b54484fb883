"""Libraries that the program may have imported: tidelog looks at their values, and never imports them itself."""

from __future__ import annotations

import sys
from typing import Any


def loaded(name: str) -> Any:
    """Return a module that the program has imported, None if it has not.

    None, too, while another thread is still importing it: such a module lacks most of its names, and nothing made by it
    can have come here yet.
    """
    module = sys.modules.get(name)
    return None if getattr(getattr(module, "__spec__", None), "_initializing", False) else module
