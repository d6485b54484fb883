"""Libraries that the program may have imported: tidelog looks at their values, and never imports them itself.

What a value is made by is told by its type, which needs no module to be whole.
"""

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


def library_of(value: object) -> str:
    """Return the name of the package that defines the type of a value; empty if it does not tell."""
    module: object = getattr(type(value), "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""
