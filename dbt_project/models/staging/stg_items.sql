select
    item_id,
    source,
    source_id,
    sequence,
    "timestamp" as item_time,
    declared_type,
    detected_type,
    language,
    title,
    text_length,
    quality_score,
    classification,
    coalesce(size, 0) as bytes,
    content_hash,
    transform
from {{ source('lake', 'items') }}
