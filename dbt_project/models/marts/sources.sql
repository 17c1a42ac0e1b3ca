with observations as (
    select
        source,
        count(*) as observations,
        count(distinct source_id) as things,
        count(*) filter (where op = 'upsert') as upserts,
        count(*) filter (where op = 'delete') as deletions,
        sum(bytes) as bytes_observed,
        min(observed_at) as first_observed_at,
        max(observed_at) as last_observed_at,
        max(item_time) as newest_item_time
    from {{ ref('stg_raw') }}
    group by source
),

current_assets as (
    select source, count(*) as assets, sum(bytes) as bytes
    from {{ ref('stg_assets') }}
    where is_latest
    group by source
),

rejected as (
    select source, count(*) as rejections
    from {{ ref('stg_quarantine') }}
    where state <> 'resolved'
    group by source
)

select
    observations.*,
    coalesce(current_assets.assets, 0) as current_assets,
    cast(coalesce(current_assets.bytes, 0) as bigint) as current_bytes,
    coalesce(rejected.rejections, 0) as open_rejections
from observations
left join current_assets using (source)
left join rejected using (source)
