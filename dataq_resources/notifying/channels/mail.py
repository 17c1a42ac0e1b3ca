"""Sends a notice by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from pydantic import Field, field_validator

from dataq_plugins.host.secrets import is_reference, resolve
from dataq_resources.notifying.channel import SECONDS, Channel, NotDelivered
from dataq_resources.notifying.notice import Notice


class Settings(Channel):
    """From whom to whom, by which server."""

    channel: Literal["mail"]
    host: str
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    certificates: str | None = None
    """A file in PEM with the authorities to trust instead of those of the system."""
    user: str | None = None
    password: str | None = None
    """A reference."""
    sender: str
    to: tuple[str, ...] = Field(min_length=1, max_length=100)

    @field_validator("password")
    @classmethod
    def _password(cls, password: str | None) -> str | None:
        if password is not None and not is_reference(password):
            raise ValueError("refer to it as env:NAME or file:PATH, never write it here")
        return password

    def send(self, notice: Notice) -> None:
        """Delivers it, or raises NotDelivered; the message's id tells a repetition."""
        try:
            with self._connected() as server:
                if self.user is not None:
                    server.login(self.user, resolve(self.password or "", "password"))
                refused = server.send_message(self._message(notice))
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message.rstrip(".")
            raise NotDelivered(f"{self.host}: its certificate is refused: {reason}") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NotDelivered(f"{self.host}: {error}") from None
        if refused:
            raise NotDelivered(f"{self.host} refused {', '.join(refused)}")

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = self._trusting()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        if self.security == "starttls":
            try:
                server.starttls(context=self._trusting())
            except BaseException:
                server.close()
                raise
        return server

    def _trusting(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.certificates)
        except OSError as error:
            raise NotDelivered(f"certificates {self.certificates}: {error}") from None

    def _message(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Subject"] = notice.subject
        message["Message-ID"] = f"<{notice.run_id}@dataq>"
        failed = datetime.fromtimestamp(notice.failed_at, UTC)
        message["Date"] = format_datetime(failed)
        lines = (
            f"Run:     {notice.run_id}",
            f"Job:     {notice.job}",
            f"Source:  {notice.source or '-'}",
            f"Started: {notice.origin or 'by hand'}",
            f"Failed:  {failed:%Y-%m-%d %H:%M:%S} UTC",
            *([f"See:     {notice.link}"] if notice.link else []),
            "",
            notice.reason,
        )
        message.set_content("\n".join(lines))
        return message
