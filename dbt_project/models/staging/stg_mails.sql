-- The mails that are there now, each once however many sources and folders hold it.
with copies as (
    select
        messages.*,
        assets.depth,
        coalesce(messages.identity, assets.file_hash, messages.asset_id) as mail_id
    from {{ ref('stg_messages') }} as messages
    join {{ ref('stg_assets') }} as assets using (asset_id)
    where assets.is_latest
)

select
    mail_id,
    asset_id,
    coalesce(thread_id, message_id, mail_id) as thread_id,
    message_id,
    in_reply_to,
    answered_ids,
    -- what is before the @ tells letters apart by right, but not in practice
    lower(coalesce(from_address, sender)) as sender,
    from_name as sender_name,
    list_sort(list_distinct(list_transform(
        list_concat(to_addresses, cc_addresses, bcc_addresses), lambda address: lower(address)
    ))) as receivers,
    sent_at,
    subject,
    list_id,
    coalesce(auto_submitted not in ('', 'no'), false) as is_automatic,
    coalesce(bytes, 0) as bytes,
    coalesce(attachments, 0) as attachments,
    coalesce(attachment_bytes, 0) as attachment_bytes,
    count(*) over (partition by mail_id) as copies
from copies
qualify row_number() over (partition by mail_id order by depth, asset_id) = 1
