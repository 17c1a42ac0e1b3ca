"""The edges of a lake as a graph: macros of SQL for neighbours, paths, components and reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dataq_lake.errors import FixTheCall, UnknownId
from dataq_lake.lake import Lake
from dataq_lake.views import quoted

TABLE = "relationships"
PREFIX = "graph_"
HOPS = 3
PATH_HOPS = 6

# Edges are walked both ways. `types` is a list of relationship types, null for all.
_BOTH_WAYS = """
    edges as (
        select id as edge, source_id as a, target_id as b from {table}
            where types is null or list_contains(types, relationship_type)
        union all
        select id, target_id, source_id from {table}
            where types is null or list_contains(types, relationship_type)
    )"""
_MACROS = (
    """
create or replace macro graph_neighbours(entity, types := null) as table
select target_id as id, 'out' as direction, relationship_type, strength, method, metadata
    from {table} where source_id = entity
        and (types is null or list_contains(types, relationship_type))
union all
select source_id, 'in', relationship_type, strength, method, metadata
    from {table} where target_id = entity
        and (types is null or list_contains(types, relationship_type))
""",
    """
create or replace macro graph_traverse(entity, hops := 3, types := null) as table
with recursive {both_ways},
    reached(id, distance) as (
        select entity::varchar, 0
        union
        select edges.b, reached.distance + 1
        from reached join edges on edges.a = reached.id
        where reached.distance < hops
    )
select id, min(distance) as distance from reached group by id
""",
    """
create or replace macro graph_path(entity, target, hops := 6, types := null) as table
with recursive {both_ways},
    reached(id, distance, via, edge) using key (id) as (
        select entity::varchar, 0, null::varchar, null::varchar
        union
        select edges.b, any_value(reached.distance) + 1,
            min(struct_pack(via := reached.id, edge := edges.edge)).via,
            min(struct_pack(via := reached.id, edge := edges.edge)).edge
        from reached join edges on edges.a = reached.id
        where reached.distance < hops
            and not exists (from recurring.reached as known
                where known.id = edges.b or known.id = target)
        group by edges.b
    ),
    way(id, distance, via, edge) as (
        select id, distance, via, edge from reached where id = target
        union all
        select reached.id, reached.distance, reached.via, reached.edge
        from way join reached on reached.id = way.via
    )
select way.distance as step, way.id as id,
    case when told.id is null then null when told.target_id = way.id then 'out' else 'in' end
        as direction,
    told.relationship_type, told.strength, told.method
from way left join {table} as told on told.id = way.edge
order by step
""",
    """
create or replace macro graph_components(types := null) as table
with recursive {both_ways},
    labelled(id, component) using key (id) as (
        select distinct a, a from edges
        union
        select edges.b, min(labelled.component)
        from labelled join edges on edges.a = labelled.id
            join recurring.labelled as known on known.id = edges.b
        where labelled.component < known.component
        group by edges.b
    )
select id, component, count(*) over (partition by component) as size from labelled
""",
)


def macros(table: str = TABLE) -> list[str]:
    """The statements that make the macros, for a connection in which `table` has the edges."""
    both_ways = _BOTH_WAYS.format(table=table)
    return [each.format(table=table, both_ways=both_ways) for each in _MACROS]


def needed(words: Iterable[str]) -> set[str]:
    """The tables that must have a view where these words are asked."""
    return {TABLE} if any(word.startswith(PREFIX) for word in words) else set()


def entity_id(lake: Lake, id_: str) -> str:
    """The whole id of an entity with edges, given its first digits.

    Raises UnknownId for one without edges, FixTheCall where several begin so.
    """
    found = lake.sql(
        f"select distinct id from (select unnest([source_id, target_id]) as id from {TABLE}) "
        f"where starts_with(id, {quoted(id_)}) order by id limit 2"
    ).fetchall()
    if not found:
        raise UnknownId(f"{id_!r} has no edges: `dataq relate` finds them, `dataq show` knows ids")
    if len(found) > 1:
        raise FixTheCall(f"{id_!r} is the beginning of several ids: give more of it")
    return str(found[0][0])


def neighbours(entity: str, types: Sequence[str] = (), hops: int = 1) -> str:
    """The question for what is around an entity; its edges with one hop, its reach with more."""
    if hops == 1:
        return _named(
            f"select direction, relationship_type, strength, method, id, metadata "
            f"from graph_neighbours({quoted(entity)}, types := {_list(types)})",
            "relationship_type, direction, strength desc, path, id",
        )
    return _named(
        f"select distance, id from graph_traverse({quoted(entity)}, hops := {hops}, "
        f"types := {_list(types)}) where distance > 0",
        "distance, path, id",
    )


def path(entity: str, target: str, types: Sequence[str] = (), hops: int = PATH_HOPS) -> str:
    """The question for a shortest way from one entity to another: a row a step, none if none."""
    found = (
        f"graph_path({quoted(entity)}, {quoted(target)}, hops := {hops}, types := {_list(types)})"
    )
    return _named(f"select * from {found}", "step")


def components(types: Sequence[str] = (), smallest: int = 2, most: int | None = None) -> str:
    """The question for connected components: one row each, the largest first, with a member."""
    limit = "" if most is None else f" limit {most}"
    return (
        "with members as (select component, size, min(assets.path) as first_path "
        f"from graph_components(types := {_list(types)}) as found "
        "left join assets on assets.id = found.id group by all) "
        f"select component, size, first_path from members where size >= {smallest} "
        f"order by size desc, component{limit}"
    )


def edges(types: Sequence[str] = ()) -> str:
    """The question for all edges with the paths of their ends, in order."""
    return (
        f"select edges.*, a.path as source_path, b.path as target_path from {TABLE} as edges "
        "left join assets as a on a.id = edges.source_id "
        "left join assets as b on b.id = edges.target_id "
        f"where {_list(types)} is null or list_contains({_list(types)}, relationship_type) "
        "order by relationship_type, source_id, target_id"
    )


def _named(question: str, order: str) -> str:
    """With the path of each asset; other entities have none."""
    return (
        f"select found.*, assets.path as path from ({question}) as found "
        f"left join assets on assets.id = found.id order by {order}"
    )


def _list(types: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, types))}]" if types else "null::varchar[]"
