with assets as (
    select coalesce(mime_type, 'unknown') as mime_type, file_hash, bytes
    from {{ ref('stg_assets') }}
    where is_latest
),

contents as (
    select mime_type, count(*) as copies, max(bytes) as bytes
    from assets
    group by mime_type, file_hash
)

select
    mime_type,
    cast(sum(copies) as bigint) as assets,
    cast(sum(copies * bytes) as bigint) as bytes,
    count(*) as distinct_contents,
    cast(sum(bytes) as bigint) as distinct_bytes,
    max(bytes) as largest_bytes
from contents
group by mime_type
