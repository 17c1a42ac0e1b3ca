select
    file_hash,
    any_value(mime_type) as mime_type,
    count(*) as copies,
    count(distinct source) as sources,
    max(bytes) as bytes,
    (count(*) - 1) * max(bytes) as wasted_bytes,
    list(source || ': ' || path order by item_time, source, path) [:20] as places
from {{ ref('stg_assets') }}
where is_latest
group by file_hash
having count(*) > 1
