"""The binding of the NVIDIA driver's management library, or None where nvidia-ml-py is not installed."""

from __future__ import annotations

try:
    import pynvml
except ImportError:
    pynvml = None

__all__ = ["pynvml"]
