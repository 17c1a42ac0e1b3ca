"""The server as a whole: one a home, its parts started in order and ended in the other one."""

from __future__ import annotations

import os
import resource
from contextlib import ExitStack
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from dataq_gateway.hooks.group import Group
from dataq_gateway.hooks.hook import hooks_folder
from dataq_gateway.hooks.logs import json_log, take_in
from dataq_gateway.hooks.starter import Starter
from dataq_gateway.hooks.store import Store
from dataq_gateway.listening import listening
from dataq_gateway.token import TOKEN, token_of_setting
from dataq_resources.home import Home
from dataq_resources.locks import locked

if TYPE_CHECKING:
    from dataq_gateway.extraction.service import Service
    from dataq_gateway.hooks.records import Records

BACKLOG = 4_096
GRACE_SECONDS = 10


def serve(home: Home, host: str, port: int) -> None:
    """Take deliveries until a signal ends it; raises Busy, DamagedStore, CommandFailed."""
    import uvicorn

    from dataq_assets.runs.launch import open_instance
    from dataq_gateway.hooks.app import build
    from dataq_gateway.hooks.reception import Reception
    from dataq_gateway.hooks.records import Records

    token = token_of_setting() if os.environ.get(TOKEN) else ""
    _allow_connections()
    log = json_log()
    take_in(log)
    with ExitStack() as stack:
        stack.enter_context(locked(hooks_folder(home), "serving", wait=False))
        store = stack.enter_context(Store(hooks_folder(home)))
        open_port = stack.enter_context(listening(host, port, BACKLOG))
        Records.warm_up()
        records = Records(stack.enter_context(open_instance(home)))
        starter = Starter(home, records, log)
        starter.start()
        stack.callback(starter.close)
        group = Group(store, lambda run: _begin(store, run, records, starter, log))
        stack.callback(group.close)
        reception = Reception(home, group, log)
        extraction = _extraction(home, starter, log) if token else None
        if extraction:
            extraction.dispatcher.start()
            stack.callback(extraction.dispatcher.close)
        app = build(reception, group, starter, extraction)
        where = open_port.getsockname()
        usable = reception.usable()
        log.info("listening", host=where[0], port=where[1], hooks=usable, extraction=bool(token))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            limit_concurrency=BACKLOG,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[open_port])


def _extraction(home: Home, starter: Starter, log: FilteringBoundLogger) -> Service:
    """Who has extractions done; for whoever has the token alone."""
    from dataq_assets.runs.dispatching import Dispatcher
    from dataq_assets.runs.jobs import Jobs
    from dataq_gateway.extraction.service import Service

    return Service(Jobs(home), Dispatcher(home, log.info, starter.warm), token_of_setting())


def _begin(
    store: Store, run_id: str, records: Records, starter: Starter, log: FilteringBoundLogger
) -> None:
    """Has a new run started, and makes it visible before its sender hears of it."""
    starter.wake()  # first: its process starts while it is recorded
    try:
        if run := store.run(run_id):
            records.record(run)
    except Exception as error:  # noqa: BLE001 - the delivery is kept; its start records it again
        log.warning("run_not_recorded", run_id=run_id, reason=str(error))


def _allow_connections() -> None:
    """As many open files as the system lets this process have: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
