with written_to as (
    select person, count(*) as mails
    from (select unnest(receivers) as person, sender from {{ ref('stg_mails') }})
    where person <> sender
    group by person
)

select
    replies.responder as person,
    coalesce(any_value(written_to.mails), 0) as received,
    count(*) as answers,
    count(distinct replies.asker) as people_answered,
    median(replies.hours) as median_hours,
    quantile_cont(replies.hours, 0.9) as most_within_hours,
    max(replies.answered_at) as last_answered_at
from {{ ref('stg_replies') }} as replies
left join written_to on written_to.person = replies.responder
group by replies.responder
