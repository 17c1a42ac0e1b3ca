with mails as (
    -- the same mail may lie in several folders and sources
    select
        coalesce(messages.thread_id, messages.message_id, messages.asset_id) as thread_id,
        coalesce(messages.message_id, messages.asset_id) as message_id,
        any_value(messages.sender) as sender,
        any_value(list_concat(messages.recipients, messages.cc)) as receivers,
        any_value(messages.subject) as subject,
        min(messages.sent_at) as sent_at
    from {{ ref('stg_messages') }} as messages
    join {{ ref('stg_assets') }} as assets using (asset_id)
    where assets.is_latest
    group by all
),

people as (
    select thread_id, count(distinct person) as participants
    from (
        select thread_id, lower(sender) as person from mails
        union all
        select thread_id, lower(unnest(receivers)) as person from mails
    )
    group by thread_id
)

select
    mails.thread_id,
    arg_min(mails.subject, mails.sent_at) as subject,
    arg_min(mails.sender, mails.sent_at) as started_by,
    count(*) as messages,
    count(distinct lower(mails.sender)) as senders,
    any_value(people.participants) as participants,
    min(mails.sent_at) as first_sent_at,
    max(mails.sent_at) as last_sent_at
from mails
join people using (thread_id)
group by mails.thread_id
