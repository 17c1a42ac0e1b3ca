"""Where files are written."""

from __future__ import annotations

from dataclasses import dataclass

from dataq_plugins.sdk import setting


@dataclass(frozen=True)
class Settings:
    """A folder, or a prefix in a bucket with the credentials for it."""

    url: str = setting(
        doc="A folder (/srv/out) or s3://bucket/prefix, gs://bucket/prefix, az://container/prefix."
    )
    access_key_id: str = setting("", doc="For S3: the key.")
    secret_access_key: str = setting("", doc="For S3: its secret.", secret=True)
    region: str = setting("", doc="For S3.")
    endpoint: str = setting("", doc="For a store that is not Amazon's: https://host:port.")
    allow_http: bool = setting(False, doc="Reach the store without TLS.")
    timeout_seconds: float = setting(30, doc="For each request to a store.", minimum=0.001)
    patience_seconds: float = setting(
        60, doc="How long a store that fails is asked again.", minimum=0
    )
