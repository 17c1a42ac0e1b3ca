select
    item_id,
    source,
    source_id,
    sequence,
    op,
    "timestamp" as item_time,
    observed_at,
    "window",
    content_type,
    content_hash,
    coalesce(size, 0) as bytes
from {{ source('lake', 'raw') }}
