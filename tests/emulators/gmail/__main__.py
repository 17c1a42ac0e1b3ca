"""`python -m tests.emulators.gmail --letters 100`: serves until Ctrl-C, and says where."""

from __future__ import annotations

import argparse
import json
import signal
from pathlib import Path

from tests.emulators.gmail.apart import obey
from tests.emulators.gmail.letters import corpus_letters, letters
from tests.emulators.gmail.serving import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators.gmail", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="ana@example.org")
    parser.add_argument("--letters", type=int, default=0, help="so many generated mails")
    parser.add_argument("--mails", type=Path, help="a folder of .eml files")
    parser.add_argument("--quota", action="store_true", help="250 units a second")
    parser.add_argument("--held", type=int, nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.held:
        obey(*wanted.held)
    with serve(wanted.port) as gmail:
        box = gmail.mailbox(wanted.user)
        box.fill(letters(wanted.letters))
        box.fill(corpus_letters(wanted.mails) if wanted.mails else ())
        if wanted.quota:
            gmail.quota()
        told = {
            "url": gmail.url(),
            "client_secrets": gmail.client_secrets(),
            "authorized_user": gmail.authorized_user(wanted.user),
        }
        print(json.dumps(told, indent=2), flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
