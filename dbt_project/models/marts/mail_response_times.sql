select
    responder,
    asker,
    count(*) as answers,
    median(hours) as median_hours,
    quantile_cont(hours, 0.9) as most_within_hours,
    min(hours) as fastest_hours,
    max(answered_at) as last_answered_at
from {{ ref('stg_replies') }}
group by responder, asker
