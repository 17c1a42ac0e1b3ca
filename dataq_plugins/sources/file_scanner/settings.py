"""The settings of file_scanner: what docs/sources/file_scanner.md lists, word for word."""

from __future__ import annotations

from dataclasses import dataclass

from dataq_plugins.sdk import SettingError, setting
from dataq_plugins.sources._folders.protected import Protected
from dataq_plugins.sources._folders.roots import Root
from dataq_plugins.sources._folders.settings import roots_of
from dataq_plugins.sources.file_scanner.links import Policy
from dataq_plugins.sources.file_scanner.selection import Selection


@dataclass(frozen=True)
class Settings:
    """One or more folders, and what of them to take."""

    root: list[str] = setting(
        doc="The folder to archive, or a list of folders. With several, the ids of files begin "
        "with the folder's own name, or with the label in `label=/path`.",
        examples=["/home/me/Documents", ["notes=/home/me/Notes", "/srv/mail"]],
        format="directory-path",
        minItems=1,
    )
    include: list[str] = setting(
        [],
        doc="Take only files that match one of these patterns (gitignore syntax). Empty: all.",
        examples=[["*.md", "/reports/"]],
    )
    exclude: list[str] = setting(
        [".git/", ".hg/", ".svn/"],
        doc="Leave out what matches one of these patterns (gitignore syntax). A folder that is "
        "left out is not looked into. Setting this replaces the default.",
        examples=[["*.tmp", "node_modules/", "!keep.tmp"]],
    )
    gitignore: bool = setting(
        False, doc="Also leave out what the .gitignore files in the folders leave out, and .git."
    )
    hidden: bool = setting(True, doc="Take files and folders whose names begin with a dot.")
    symlinks: Policy = setting(
        "skip",
        doc="skip: links are left out. file: a link to a file is archived under the link's own "
        "name, with the content of the file. follow: folders too. Never out of the roots, never "
        "in a circle.",
    )
    one_file_system: bool = setting(
        False, doc="Do not go into folders on which another file system is mounted."
    )
    max_bytes: int = setting(
        0,
        doc="Files over this many bytes are not read; each is recorded with its size and the "
        "reason. 0: no limit.",
        minimum=0,
    )
    allow_empty: bool = setting(
        False,
        doc="Believe it when a root that had files has nothing in it at all, and record them as "
        "deleted. Otherwise that is an error, because it is how a disk looks that is not mounted.",
    )

    def roots(self) -> list[Root]:
        """Return the folders with their labels; SettingError if they are unclear."""
        return roots_of(self.root)

    def selection(self) -> Selection:
        """Return what of the folders is wanted; SettingError names a pattern that is wrong."""
        for name, include, exclude in (
            ("include", self.include, []),
            ("exclude", [], self.exclude),
        ):
            try:
                Selection(include, exclude)
            except ValueError as error:
                raise SettingError(name, str(error)) from None
        exclude = [*self.exclude, ".git"] if self.gitignore else self.exclude
        return Selection(self.include, exclude, hidden=self.hidden)

    def refuse_home(self, protected: Protected) -> None:
        """Raise SettingError if a root lies in DataQ's own home."""
        for root in self.roots():
            if protected.holds(root.path):
                raise SettingError("root", f"{root.path} lies in DataQ's own home")
