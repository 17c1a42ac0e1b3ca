"""The labels of a mailbox: Gmail's own, and the user's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.emulators.gmail.errors import bad_argument

HIDDEN = {"CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "STARRED", "UNREAD"}
CATEGORIES = tuple(
    f"CATEGORY_{name}" for name in ("FORUMS", "UPDATES", "PERSONAL", "PROMOTIONS", "SOCIAL")
)
SYSTEM = (*sorted(HIDDEN), *CATEGORIES)


@dataclass
class Labels:
    """Names of the user's labels by id."""

    names: dict[str, str] = field(default_factory=dict)
    _made: int = 0

    def add(self, name: str) -> str:
        """The id of the label of that name, which is made if there is none."""
        for each, known in self.names.items():
            if known == name:
                return each
        self._made += 1
        made = f"Label_{self._made}"
        self.names[made] = name
        return made

    def has(self, label: str) -> bool:
        return label in SYSTEM or label in self.names

    def check(self, ids: list[str] | set[str]) -> None:
        for each in ids:
            if not self.has(each):
                raise bad_argument(f"Invalid label: {each}")

    def told(self) -> list[dict[str, Any]]:
        """As labels.list gives them."""
        return [self.one(each) for each in (*SYSTEM, *self.names)]

    def one(self, label: str) -> dict[str, Any]:
        if label in self.names:
            shown = {"messageListVisibility": "show", "labelListVisibility": "labelShow"}
            return {"id": label, "name": self.names[label], **shown, "type": "user"}
        if label in HIDDEN:
            return {"id": label, "name": label, "type": "system"}
        hidden = {"messageListVisibility": "hide", "labelListVisibility": "labelHide"}
        return {"id": label, "name": label, **hidden, "type": "system"}

    def like(self, text: str) -> set[str]:
        """The ids that `label:TEXT` means: a name in any case, spaces and slashes as dashes."""
        plain = text.lower()
        alias = {"drafts": "draft", "chats": "chat"}.get(plain, plain)
        found = {each for each in SYSTEM if each.lower() == alias}
        for each, name in self.names.items():
            if plain in {name.lower(), name.lower().replace(" ", "-").replace("/", "-")}:
                found.add(each)
        return found
