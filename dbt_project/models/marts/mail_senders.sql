select
    sender as person,
    arg_max(sender_name, sent_at) as name,
    count(*) as mails,
    sum(bytes) as bytes,
    sum(attachments) as attachments,
    sum(attachment_bytes) as attachment_bytes,
    max(bytes) as largest_bytes,
    count(*) filter (where list_id is not null) as list_mails,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at
from {{ ref('stg_mails') }}
where sender is not null
group by sender
