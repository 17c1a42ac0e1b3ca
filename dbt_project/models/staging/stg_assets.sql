with versions as (
    select id, version, version_of, is_latest
    from {{ source('lake', 'entities') }}
    where entity_type = 'asset'
)

select
    assets.id as asset_id,
    assets.item_id,
    assets.parent_id,
    assets.source,
    assets.source_id,
    assets."timestamp" as item_time,
    assets.filename,
    assets.path,
    assets.depth,
    assets.mime_type,
    assets.file_hash,
    coalesce(assets.file_size, 0) as bytes,
    assets.duplicate_of,
    assets.processing_status,
    versions.version,
    versions.version_of,
    coalesce(versions.is_latest, false) as is_latest
from {{ source('lake', 'assets') }} as assets
left join versions on versions.id = assets.id
