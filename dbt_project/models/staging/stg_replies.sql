-- Each answer to somebody else, with the mail that it answers, if both are there.
with named as (
    select mail_id, sender, sent_at, in_reply_to as message_id, 1 as distance
    from {{ ref('stg_mails') }}
    where not is_automatic
    union all
    select
        mail_id, sender, sent_at,
        unnest(list_reverse(answered_ids)) as message_id,
        1 + generate_subscripts(answered_ids, 1) as distance
    from {{ ref('stg_mails') }}
    where not is_automatic
)

select
    named.mail_id,
    asked.mail_id as answered_mail_id,
    named.sender as responder,
    asked.sender as asker,
    asked.sent_at as asked_at,
    named.sent_at as answered_at,
    epoch(named.sent_at - asked.sent_at) / 3600 as hours
from named
join {{ ref('stg_mails') }} as asked using (message_id)
where named.sender <> asked.sender and named.sent_at >= asked.sent_at
qualify row_number() over (
    partition by named.mail_id order by named.distance, asked.sent_at, asked.mail_id
) = 1
