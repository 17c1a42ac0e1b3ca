select
    id as segment_id,
    asset_id,
    text_id,
    segment_type,
    sequence_number,
    text_hash,
    length(text) as characters,
    confidence_score
from {{ source('lake', 'segments') }}
