with people as (
    select thread_id, count(distinct person) as participants
    from (
        select thread_id, sender as person from {{ ref('stg_mails') }}
        union all
        select thread_id, unnest(receivers) as person from {{ ref('stg_mails') }}
    )
    group by thread_id
)

select
    mails.thread_id,
    arg_min(mails.subject, mails.sent_at) as subject,
    arg_min(mails.sender, mails.sent_at) as started_by,
    count(*) as messages,
    count(distinct mails.sender) as senders,
    any_value(people.participants) as participants,
    min(mails.sent_at) as first_sent_at,
    max(mails.sent_at) as last_sent_at,
    epoch(max(mails.sent_at) - min(mails.sent_at)) / 3600 as hours,
    sum(mails.bytes) as bytes,
    sum(mails.attachments) as attachments
from {{ ref('stg_mails') }} as mails
join people using (thread_id)
group by mails.thread_id
