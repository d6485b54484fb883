"""Buckets of S3, in which files of artifacts may lie."""

from __future__ import annotations

import os
from typing import Any

from tidelog.errors import InvalidValueError

S3 = "s3://"


def bucket_at(address: str) -> tuple[Any, Any]:
    """Return the bucket at an address such as `s3://name`, and the error that what is asked of it may raise."""
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ModuleNotFoundError as error:
        raise InvalidValueError(f"{address!r} needs the extra s3: pip install 'tidelog[s3]'") from error
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    try:
        store = S3Store.from_url(
            address,
            config={"endpoint": endpoint} if endpoint else {},
            client_options={"allow_http": endpoint.startswith("http://")},
        )
    except (BaseError, ValueError) as error:
        raise InvalidValueError(f"{address!r} cannot be used: {str(error).splitlines()[0]}") from error
    return store, BaseError
