"""`dataq serve-hooks`: webhooks that start runs."""

from __future__ import annotations

import click


@click.command("serve-hooks")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", default=8787, show_default=True, type=click.IntRange(0, 65535), help="0: any."
)
def command(host: str, port: int) -> None:
    """Start runs when webhooks or programs ask for them.

    POST /hooks/NAME takes what $DATAQ_HOME/hooks/NAME.yaml describes: who signs it and which
    sources it archives. The answer is 202 with the id of a run that Dagster's UI shows, once the
    delivery is on disk. With DATAQ_JOBS_TOKEN set, POST /extract archives a source, or windows of
    it, as a task that GET /tasks/ID tells of. GET /health and /ready are for whoever watches the
    server. The log, JSON lines, goes to standard error.
    """
    from dataq_gateway.hooks.server import serve
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    home.prepare()
    serve(home, host, port)
