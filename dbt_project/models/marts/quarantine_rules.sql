select
    stage,
    rule,
    coalesce(category, 'none') as category,
    coalesce(severity, 'none') as severity,
    source,
    count(*) as rejections,
    count(*) filter (where state = 'open') as open,
    count(*) filter (where state = 'replay') as to_be_replayed,
    count(*) filter (where state = 'resolved') as resolved,
    min(created_at) as first_at,
    max(updated_at) as last_at,
    arg_max(reason, updated_at) as last_reason
from {{ ref('stg_quarantine') }}
group by all
