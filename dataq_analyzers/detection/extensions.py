"""What a file's name says about text: asked only once its content is known to be text."""

from __future__ import annotations

BY_EXTENSION = {
    "bash": "text/x-shellscript",
    "bib": "text/x-bibtex",
    "c": "text/x-c",
    "cc": "text/x-c++",
    "cjs": "text/javascript",
    "cpp": "text/x-c++",
    "css": "text/css",
    "csv": "text/csv",
    "cts": "text/x-typescript",
    "cxx": "text/x-c++",
    "diff": "text/x-diff",
    "eml": "message/rfc822",
    "geojson": "application/geo+json",
    "go": "text/x-go",
    "h": "text/x-c",
    "hh": "text/x-c++",
    "hpp": "text/x-c++",
    "htm": "text/html",
    "html": "text/html",
    "hxx": "text/x-c++",
    "ics": "text/calendar",
    "ini": "text/x-ini",
    "ipynb": "application/x-ipynb+json",
    "java": "text/x-java",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "jsx": "text/javascript",
    "ksh": "text/x-shellscript",
    "log": "text/plain",
    "markdown": "text/markdown",
    "mbox": "application/mbox",
    "md": "text/markdown",
    "mdown": "text/markdown",
    "mjs": "text/javascript",
    "mkd": "text/markdown",
    "mts": "text/x-typescript",
    "ndjson": "application/x-ndjson",
    "patch": "text/x-diff",
    "php": "text/x-php",
    "pl": "text/x-perl",
    "pm": "text/x-perl",
    "py": "text/x-python",
    "pyi": "text/x-python",
    "pyw": "text/x-python",
    "rb": "text/x-ruby",
    "rs": "text/x-rust",
    "rst": "text/x-rst",
    "sh": "text/x-shellscript",
    "sql": "text/x-sql",
    "srt": "application/x-subrip",
    "tab": "text/tab-separated-values",
    "tex": "text/x-tex",
    "toml": "application/toml",
    "ts": "text/x-typescript",
    "tsv": "text/tab-separated-values",
    "tsx": "text/x-tsx",
    "txt": "text/plain",
    "vcf": "text/vcard",
    "vtt": "text/vtt",
    "xhtml": "application/xhtml+xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "zsh": "text/x-shellscript",
}
BY_NAME = {
    "dockerfile": "text/x-dockerfile",
    "gemfile": "text/x-ruby",
    "makefile": "text/x-makefile",
    "rakefile": "text/x-ruby",
}
BY_INTERPRETER = {
    "bash": "text/x-shellscript",
    "dash": "text/x-shellscript",
    "ksh": "text/x-shellscript",
    "node": "text/javascript",
    "python": "text/x-python",
    "ruby": "text/x-ruby",
    "sh": "text/x-shellscript",
    "zsh": "text/x-shellscript",
}


def named_type(name: str) -> str | None:
    """The media type that a file's name promises, None where it promises none."""
    base = name.rpartition("/")[2].lower()
    stem, dot, extension = base.rpartition(".")
    if dot and stem:
        return BY_EXTENSION.get(extension)
    return BY_NAME.get(base)
