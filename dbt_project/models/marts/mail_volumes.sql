with people as (
    select
        sender as person, sent_at, true as is_sender, bytes, attachments
    from {{ ref('stg_mails') }}
    union all
    select
        unnest(receivers) as person, sent_at, false as is_sender, bytes, attachments
    from {{ ref('stg_mails') }}
)

select
    person,
    cast(date_trunc('month', sent_at at time zone 'UTC') as date) as month,
    count(*) filter (where is_sender) as sent,
    count(*) filter (where not is_sender) as received,
    coalesce(sum(bytes) filter (where is_sender), 0) as bytes_sent,
    coalesce(sum(attachments) filter (where is_sender), 0) as attachments_sent
from people
where person is not null and sent_at is not null
group by all
