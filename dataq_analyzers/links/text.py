"""The URLs that stand in a plain text, in the order of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Four schemes, each named: nothing is guessed from what looks like a host, nor a mail without an
# "@" in its id. What could give back is possessive, short, or in a lookahead, which
# gives nothing back (Python before 3.11.5 errs in possessive groups): no text takes longer than its
# length.
_START = r"(?:(?:https?|ftp)://|mid:(?=[^\s<>]{1,250}?(?:@|%40)))"
_NONE = r"\s\x00-\x1f\x7f<>\"`{}|\\^“”„«»‹›\u200b\u3000-\u303f\uff00-\uffef"
_PLAIN = rf"[^{_NONE}()\[\]]"
_PATH = rf"(?:{_PLAIN}++|\({_PLAIN}*+\)|\[{_PLAIN}*+\])+"
_BARE = rf"(?<![a-z0-9])(?<![a-z0-9][+.-]){_START}(?=(?P<path>{_PATH}))(?P=path)"
# In angle brackets a URL may go on in the next line (RFC 3986, appendix C).
_WHOLE = rf"<(?:URL:)?({_START}[^<>\s]++(?:[ \t]*+\r?\n[ \t]*+[^<>\s]++){{0,8}})>"
_URL = re.compile(rf"{_WHOLE}|{_BARE}", re.I)
_AFTER = ".,;:!?'*_~…’‘"
_BREAK = re.compile(r"\s+")


def text_links(text: str) -> Iterator[str]:
    """Each URL, without the brackets around it and what ends the sentence that it is in."""
    for match in _URL.finditer(text):
        if match.group(1):
            yield _BREAK.sub("", match.group(1))
        else:
            yield match.group().rstrip(_AFTER)
