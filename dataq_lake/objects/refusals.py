"""Says in one line why an object store refuses, and what to do; never with a secret in it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from dataq_lake.errors import LakeError, StoreRefuses, StoreSilent

if TYPE_CHECKING:
    from dataq_lake.objects.path import ObjectPath

T = TypeVar("T")

PATIENCE = "DATAQ_LAKE_SECONDS"
PATIENCE_SECONDS = 60.0
KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
# What a store's answer has in it, and what to say then; the first that fits.
_SIGNS: tuple[tuple[str, str], ...] = (
    (r"NoSuchBucket|ContainerNotFound|bucket does not exist", "there is no such bucket: make it"),
    (
        r"RequestTimeTooSkewed|clock.?skew|TimeTooSkewed",
        "the clocks of this machine and of the store differ by minutes: set this machine's clock",
    ),
    (r"ExpiredToken|token.{0,20}expired", "the session has expired: renew AWS_SESSION_TOKEN"),
    (r"InvalidAccessKeyId|InvalidToken", f"it knows no such key: check {KEYS}"),
    (
        r"SignatureDoesNotMatch|AuthenticationFailed",
        "the secret does not fit the key: check AWS_SECRET_ACCESS_KEY (and AWS_REGION)",
    ),
    (
        r"PermanentRedirect|AuthorizationHeaderMalformed|301 Moved",
        "it is elsewhere: check AWS_REGION",
    ),
    (
        r"169\.254\.169\.254|metadata\.google|NoCredentials|missing.{0,20}credential"
        r"|not find.{0,20}credential|no.{0,20}credentials",
        f"no credentials: set {KEYS} (AWS_SESSION_TOKEN for a session), or as docs/s3.md says",
    ),
    (
        r"403 Forbidden|AccessDenied|401 Unauthorized|lacked the necessary",
        "access denied: "
        "this key may not do that here; the bucket's policy has to allow list, get, put and delete",
    ),
    (r"BadScheme|builder error", "its address is http: set AWS_ALLOW_HTTP=true if that is meant"),
    (
        r"NotImplemented|501 Not Implemented",
        "it does not know conditional puts, so it cannot hold a lake",
    ),
)
_SILENT = re.compile(
    r"error sending request|timed? ?out|connection (refused|reset|closed|error)|dns error|connect"
    r"|50[0234] |InternalError|ServiceUnavailable|SlowDown|decoding response body|IncompleteMessage"
    r"|HTTP error|error for HTTP [A-Z]+ to|HTTP code 5\d\d",
    re.I,
)


@contextmanager
def asking(place: ObjectPath) -> Iterator[None]:
    """Turns what the client raises into FileNotFoundError, FileExistsError or a LakeError."""
    try:
        yield
    except (LakeError, FileExistsError, GeneratorExit):
        raise
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise explained(place, str(error)) from None
        raise FileNotFoundError(f"{place} is not there") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "obstore":
            told = refusal(place, error)
            if told is None:
                raise
            raise told from None
        if type(error).__name__ in {"AlreadyExistsError", "PreconditionError"}:
            raise FileExistsError(f"{place} is there already, or is another by now") from None
        raise explained(place, str(error)) from None


def patiently(place: ObjectPath, ask: Callable[[], T]) -> T:
    """What `ask` returns, which is asked again where the client does not: after a torn answer.

    Raises as `asking` does.
    """
    until = time.monotonic() + patience()
    pause = 0.05
    while True:
        try:
            with asking(place):
                return ask()
        except StoreSilent:
            if time.monotonic() + pause > until:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def patience() -> float:
    """How long a store that does not answer is asked again, in seconds."""
    try:
        return max(0.0, float(os.environ.get(PATIENCE, "") or PATIENCE_SECONDS))
    except ValueError:
        return PATIENCE_SECONDS


def explained(place: object, text: str) -> LakeError:
    """The error to raise for a client's `text` about `place`."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    where = f"{place}" + (f" (at {endpoint})" if endpoint and "://" in endpoint else "")
    for sign, advice in _SIGNS:
        if re.search(sign, text, re.I):
            return StoreRefuses(f"{redacted(where)}: {advice}")
    if _SILENT.search(text):
        return StoreSilent(
            f"{redacted(where)}: the store does not answer, or only with errors: see that it runs "
            "and that AWS_ENDPOINT_URL is right, then run again; what was committed is kept"
        )
    return StoreRefuses(redacted(f"{where}: {' '.join(text.partition('Debug source')[0].split())}"))


def refusal(place: object, error: BaseException) -> LakeError | None:
    """What to say of an engine's `error` if a store is behind it, else None."""
    text = str(error)
    if any(re.search(sign, text, re.I) for sign, _ in _SIGNS[:-2]) or re.search(
        r"Generic (S3|GCS|MicrosoftAzure) error|error sending request|object.?store|error for "
        r"HTTP [A-Z]+ to|HTTP (code )?(403|5\d\d)",
        text,
        re.I,
    ):
        return explained(place, text)
    return None


def redacted(text: str) -> str:
    """`text` without the secrets of the environment, and without those in an address."""
    for name, value in os.environ.items():
        if value and len(value) > 5 and re.search(r"SECRET|TOKEN|ACCESS_KEY|PASSWORD|SAS", name):
            text = text.replace(value, "…")
    return re.sub(r"(://)[^/\s@]+@", r"\1…@", text)
