"""The links of a mail: of the parts that a reader shows, not of what is attached."""

from __future__ import annotations

from collections.abc import Iterator

from dataq_analyzers.links.address import address, is_absolute
from dataq_analyzers.links.html import html_links
from dataq_analyzers.links.text import text_links
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.attachments import is_body
from dataq_analyzers.mail.flowed import unflowed
from dataq_analyzers.mail.leaf import leaf_text
from dataq_analyzers.mail.mime import Part


def mail_links(data: bytes) -> Iterator[tuple[str, str]]:
    """Each link as it is written and where it leads: a mail has no place, so paths lead nowhere.

    Of alternatives all are read, as one may have links that the other leaves out.
    """
    for part in mime.parse(data).leaves():
        if is_body(part):
            found, base = _of_part(data, part)
            for href in found:
                to = address(base, href)
                if to is not None and is_absolute(to):
                    yield href, to


def _of_part(data: bytes, part: Part) -> tuple[Iterator[str], str]:
    """The links of a part, and the URL that it says they are relative to, if any."""
    # UTF-7 and others can spell half a character, which nothing can be made of.
    text = leaf_text(data, part).text.encode("utf-8", "replace").decode("utf-8")
    if part.media_type == "text/html":
        hrefs, base = html_links(text)
        return iter(hrefs), base or ""
    if part.parameters.get("format", "").lower() == "flowed":
        text = unflowed(text, part.parameters.get("delsp", "").lower() == "yes")
    return text_links(text), ""
