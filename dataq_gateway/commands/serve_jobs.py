"""`dataq serve-jobs`: jobs over HTTP."""

from __future__ import annotations

import click


@click.command("serve-jobs")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", default=8788, show_default=True, type=click.IntRange(0, 65535), help="0: any."
)
def command(host: str, port: int) -> None:
    """Register, start, stop and watch jobs over HTTP.

    Requests need the header Authorization: Bearer $DATAQ_JOBS_TOKEN; only GET /health does not.
    Tasks go on when the server ends.
    """
    from dataq_gateway.job_server import serve
    from dataq_resources.home import home_from_environment

    home = home_from_environment()
    home.prepare()
    serve(home, host, port, lambda line: click.echo(line, err=True))
