"""Refusals, as Google words them in JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

# HTTP status: (what google.rpc.Code calls it, reason, message)
USUAL = {
    400: ("INVALID_ARGUMENT", "invalidArgument", "Request contains an invalid argument."),
    401: (
        "UNAUTHENTICATED",
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential.",
    ),
    403: ("PERMISSION_DENIED", "forbidden", "The caller does not have permission"),
    404: ("NOT_FOUND", "notFound", "Requested entity was not found."),
    409: ("ABORTED", "aborted", "The operation was aborted."),
    412: ("FAILED_PRECONDITION", "conditionNotMet", "Precondition Failed"),
    429: (
        "RESOURCE_EXHAUSTED",
        "rateLimitExceeded",
        "Resource has been exhausted (e.g. check quota).",
    ),
    500: ("INTERNAL", "backendError", "Internal error encountered."),
    502: ("UNAVAILABLE", "backendError", "Bad Gateway"),
    503: ("UNAVAILABLE", "backendError", "The service is currently unavailable."),
    504: ("DEADLINE_EXCEEDED", "backendError", "Deadline exceeded."),
}
# What a reason says where it is not the usual one of its status: (domain, message)
REASONS = {
    "rateLimitExceeded": (
        "usageLimits",
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of "
        "service 'gmail.googleapis.com' for consumer 'project_number:1'.",
    ),
    "userRateLimitExceeded": ("usageLimits", "User Rate Limit Exceeded"),
    "dailyLimitExceeded": ("usageLimits", "Daily Limit Exceeded"),
    "accessNotConfigured": (
        "usageLimits",
        "Gmail API has not been used in project 1 before or it is disabled.",
    ),
    "domainPolicy": ("global", "The domain administrators have disabled Gmail apps."),
    "insufficientPermissions": ("global", "Request had insufficient authentication scopes."),
    "failedPrecondition": ("global", "Precondition check failed."),
}


@dataclass
class Refused(Exception):
    """What is answered instead: status, and one error with its reason."""

    code: int
    message: str = ""
    reason: str = ""
    domain: str = "global"
    headers: tuple[tuple[str, str], ...] = ()
    more: dict[str, str] = field(default_factory=dict)  # location, locationType
    details: tuple[dict[str, Any], ...] = ()

    def body(self) -> bytes:
        name, reason, message = USUAL.get(self.code, ("UNKNOWN", "unknown", "Unknown error"))
        reason = self.reason or reason
        told = self.message or message
        error = {"message": told, "domain": self.domain, "reason": reason, **self.more}
        whole: dict[str, Any] = {"code": self.code, "message": told, "errors": [error]}
        whole["status"] = name
        if self.details:
            whole["details"] = list(self.details)
        return json.dumps({"error": whole}, indent=2).encode()


def refusal(code: int, reason: str = "", retry_after: str | int | None = None) -> Refused:
    """The usual refusal of that status, or of that reason; Retry-After in seconds or as a date."""
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    usual = USUAL.get(code, ("", "", ""))
    if not reason or (reason == usual[1] and reason != "rateLimitExceeded"):
        return Refused(code, headers=headers)
    if code == 429 and reason == "rateLimitExceeded":
        return Refused(code, headers=headers)
    domain, message = REASONS.get(reason, ("global", ""))
    return Refused(code, message, reason, domain, headers)


def bad_argument(message: str) -> Refused:
    return Refused(400, message)


def bad_parameter(name: str, value: str) -> Refused:
    """What Google says of a parameter whose value has the wrong type."""
    violation = {"field": name, "description": f"Invalid value at '{name}', \"{value}\""}
    return Refused(
        400,
        f"Invalid value at '{name}', \"{value}\"",
        "invalid",
        details=(
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [violation],
            },
        ),
    )


def too_few_scopes(method: str) -> Refused:
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "gmail.googleapis.com", "method": method},
    }
    domain, message = REASONS["insufficientPermissions"]
    challenge = 'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
    return Refused(
        403,
        message,
        "insufficientPermissions",
        domain,
        headers=(("WWW-Authenticate", challenge),),
        details=(info,),
    )


def not_authenticated() -> Refused:
    challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return Refused(
        401,
        headers=(("WWW-Authenticate", challenge),),
        more={"location": "Authorization", "locationType": "header"},
    )
