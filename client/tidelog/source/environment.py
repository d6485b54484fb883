"""The environment as far as an allow-list goes: what changes how a training runs, and nothing secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from tidelog.messages import warn
from tidelog.source.secrets import is_secret_name, without_credentials

USUAL = (
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NCCL_*", "OMP_NUM_THREADS",
    "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTORCH_CUDA_ALLOC_CONF", "TORCH_*", "XLA_FLAGS",
    "TF_*", "JAX_*", "KERAS_BACKEND", "TOKENIZERS_PARALLELISM", "CONDA_DEFAULT_ENV", "VIRTUAL_ENV",
)  # fmt: skip
VALUE_CHARACTERS = 4_000


def allowed_variables(allowed: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the names or patterns allow.

    A name that promises a secret is never returned. If it was written out rather than matched by a pattern, that is
    said.
    """
    patterns = list(allowed)
    refused = [name for name in patterns if name in environment and is_secret_name(name) and name not in USUAL]
    if refused:
        warn("the environment variables %s are not recorded: such names are those of secrets", ", ".join(refused))
    return {
        name: without_credentials(value)[:VALUE_CHARACTERS]
        for name, value in environment.items()
        if (name in USUAL or not is_secret_name(name)) and any(fnmatchcase(name, pattern) for pattern in patterns)
    }
