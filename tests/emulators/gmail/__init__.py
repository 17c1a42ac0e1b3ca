"""Gmail on loopback, for tests: hard to please, easy to break.

    from tests.emulators.gmail import serve
    with serve() as gmail:
        ana = gmail.mailbox("ana@example.org")
        ...

- `serve()` serves from threads of this process, `serve_apart()` from a child process, whose CPU
  time is not the test's. Both give a `Gmail` (emulator.py) with the same methods, and mailboxes
  (mailboxes.py) with the same methods; of a child's, arguments and results are plain values.
- In: `gmail.url()` is the root of everything (API, `/batch`, `/batch/gmail/v1`, `/token`,
  `/revoke`, `/o/oauth2/v2/auth`). `client_secrets()`, `authorized_user(user, *scopes)`,
  `service_account()` are the JSON files that Google gives; `access_token(user)` is for a plain
  HTTP client. `consent("deny")`, `revoke(user)`, `advance(3600)`.
- Full: `box.add(raw, labels, date)`, `box.fill(letters(500))`,
  `box.fill(corpus_letters(folder))`, or `fill_letters(500)` and `fill_folder(folder)`, which a
  child does itself; then `modify`, `trash`, `delete`, `label`, `rename_label`,
  `delete_label`, `expire_history`. What is true: `ids()`, `raw(id)`, `state(id)`, `profile()`.
  `prepare()` takes mails apart ahead of time.
- Broken: `gmail.fault(429, "messages.get", at=3, times=2, retry_after=1)`,
  `gmail.fault("reset-body", "batch")`, `gmail.fault("drop", id=...)`; kinds in faults.py, when in
  occasions.py. `gmail.quota()` is Gmail's 250 units a second and user. `gmail.mend()` ends all.
  `shift_pages()`, `thin_pages()` and `expire_pages()` make lists harder to read.
- In between: `gmail.hook("messages.list", 2, lambda call: box.add(raw))` runs before the second
  page is made; the call waits for it. `gmail.stop()` and `gmail.start()` are an outage.
- Counted: `counts()` by method (parts of batches count as their methods), `requests()`,
  `units(user)`, `connections()`, `log()`; `forget()` begins anew.

Methods are called getProfile, labels.list, labels.get, messages.list, messages.get,
attachments.get, history.list, batch, token, revoke, auth, and `write` for everything that would
change a mailbox, which is always refused. In faults and hooks, `*` is all of the API with its
batches, and `request` each HTTP request.
"""

from __future__ import annotations

from tests.emulators.gmail.apart import serve_apart
from tests.emulators.gmail.emulator import Gmail
from tests.emulators.gmail.letters import corpus_letters, letters
from tests.emulators.gmail.serving import serve
from tests.emulators.gmail.tokens import LABELS, MAIL, METADATA, MODIFY, READONLY

__all__ = [
    "LABELS",
    "MAIL",
    "METADATA",
    "MODIFY",
    "READONLY",
    "Gmail",
    "corpus_letters",
    "letters",
    "serve",
    "serve_apart",
]
