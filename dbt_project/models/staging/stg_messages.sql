select
    asset_id,
    message_id,
    thread_id,
    in_reply_to,
    "from" as sender,
    "to" as recipients,
    cc,
    "date" as sent_at,
    subject,
    labels
from {{ source('lake', 'messages') }}
