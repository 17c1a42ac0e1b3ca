"""The tables of jobs and tasks, in words that SQLite and PostgreSQL both understand."""

from __future__ import annotations

TABLES = """
create table if not exists jobs (
    name text not null,
    version integer not null,
    definition text,
    created_at double precision not null,
    primary key (name, version)
);
create table if not exists tasks (
    id text primary key,
    job text not null,
    version integer not null,
    state text not null,
    percent double precision not null default 0,
    stage text not null default '',
    items bigint not null default 0,
    bytes bigint not null default 0,
    rows bigint not null default 0,
    created_at double precision not null,
    started_at double precision,
    ended_at double precision,
    error text,
    run_ids text not null default '[]',
    retrigger_of text,
    process text
);
create index if not exists tasks_of_jobs on tasks (job, created_at);
create table if not exists lines (
    {number}
    task text not null references tasks (id),
    at double precision not null,
    level text not null,
    line text not null
);
create index if not exists lines_of_tasks on lines (task);
"""
"""Times are Unix seconds; `definition` is JSON, and null where the job was removed."""

ADDED = {
    "stopping": "text not null default ''",
    "stop_at": "double precision",
    "stop_place": "text not null default ''",
    "source": "text not null default ''",
    "request": "text not null default ''",
    "priority": "integer not null default 0",
    "idempotency_key": "text",
    "windows": "integer",
    "windows_done": "integer not null default 0",
    "rejected": "bigint not null default 0",
    "error_type": "text",
    "trace": "text",
    "place": "text not null default ''",
    "seen_at": "double precision",
}
"""What tasks have got since the first version."""

INDEXES = """
drop index if exists one_open_task;
create unique index if not exists one_open_task_a_job on tasks (job)
    where state in ('queued', 'running') and request = '';
create unique index if not exists one_task_a_key on tasks (idempotency_key);
create index if not exists open_tasks on tasks (priority desc, created_at)
    where state in ('queued', 'running');
create index if not exists tasks_by_time on tasks (created_at, id)
"""
