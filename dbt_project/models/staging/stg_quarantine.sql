select
    id as rejection_id,
    item_id,
    asset_id,
    source,
    source_id,
    stage,
    rule,
    category,
    severity,
    reason,
    attempts,
    state,
    created_at,
    updated_at
from {{ source('lake', 'quarantine') }}
