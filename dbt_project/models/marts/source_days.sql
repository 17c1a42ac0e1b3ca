select
    source,
    cast(observed_at as date) as day,
    count(*) as observations,
    count(*) filter (where op = 'upsert') as upserts,
    count(*) filter (where op = 'delete') as deletions,
    cast(sum(bytes) as bigint) as bytes
from {{ ref('stg_raw') }}
group by source, day
