"""Which mails are wanted: as questions that Gmail answers, and as a judgement of one mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dataq_plugins.sdk import SettingError
from dataq_plugins.sources.gmail.api import ListOf
from dataq_plugins.sources.gmail.message import Message
from dataq_plugins.sources.gmail.settings import Settings
from dataq_plugins.sources.gmail.spans import FIRST_MAIL, LATEST, Span

ASIDE = {"TRASH": "trash", "SPAM": "spam"}


class Selection:
    """The settings' choice; `names` are the labels of the account, by id."""

    def __init__(self, settings: Settings, names: Mapping[str, str]) -> None:
        self.names = names
        self.spam_trash = settings.spam_trash
        self.query = settings.query.strip()
        self.labels = frozenset(_ids("labels", settings.labels, names))
        # One that is not there yet cannot be on a mail.
        ids = {name: identity for identity, name in names.items()}
        self._ignored = frozenset(ids.get(name, name) for name in settings.ignore_labels)

    @property
    def is_narrow(self) -> bool:
        """Whether a change of labels can take a mail out of the lists."""
        return bool(self.query or self.labels)

    def questions(self, span: Span, label: str = "") -> Iterator[ListOf]:
        """Yield what to list for the mails of a span; `label`: only those that have it, too.

        A second wider at both ends: whether Gmail includes them is written nowhere.
        """
        start, end = span
        if end <= FIRST_MAIL:
            return
        words = [f"({self.query})"] if self.query else []
        words += [f"after:{start - 1}"] if start > FIRST_MAIL else []
        words += [f"before:{end + 1}"] if end < LATEST else []
        for each in [label] if label else sorted(self.labels) or [""]:
            yield ListOf(" ".join(words), each, self.spam_trash)

    def aside(self, labels: frozenset[str] | set[str]) -> str:
        """Return where a mail with these labels lies that is not taken: trash, spam, or ""."""
        if self.spam_trash:
            return ""
        return next((where for label, where in ASIDE.items() if label in labels), "")

    def counted(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of a mail's labels that are recorded."""
        return tuple(sorted(set(labels) - self._ignored)) if self._ignored else labels

    def named(self, labels: tuple[str, ...]) -> list[str]:
        """Return the names of labels, sorted."""
        return sorted(self.names.get(each, each) for each in labels)

    def has_label(self, message: Message) -> bool:
        """Return whether a mail has one of the labels that are asked for."""
        return not self.labels or not self.labels.isdisjoint(message.label_ids)


def _ids(setting: str, wanted: list[str], names: Mapping[str, str]) -> Iterator[str]:
    ids = {name.casefold(): identity for identity, name in names.items()}
    for name in wanted:
        identity = ids.get(name.casefold()) or (name if name in names else "")
        if not identity:
            known = ", ".join(sorted(names.values())[:20])
            raise SettingError(setting, f"there is no label {name!r}; there are: {known}")
        yield identity
