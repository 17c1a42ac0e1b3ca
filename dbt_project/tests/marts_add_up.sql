-- What the marts count one by one is what staging counts as a whole; a row here is a difference.
with totals as (
    select
        'storage_by_type.assets' as figure,
        (select coalesce(sum(assets), 0) from {{ ref('storage_by_type') }}) as mart,
        (select count(*) from {{ ref('stg_assets') }} where is_latest) as staging
    union all
    select
        'sources.observations',
        (select coalesce(sum(observations), 0) from {{ ref('sources') }}),
        (select count(*) from {{ ref('stg_raw') }})
    union all
    select
        'source_days.observations',
        (select coalesce(sum(observations), 0) from {{ ref('source_days') }}),
        (select count(*) from {{ ref('stg_raw') }})
    union all
    select
        'quarantine_rules.rejections',
        (select coalesce(sum(rejections), 0) from {{ ref('quarantine_rules') }}),
        (select count(*) from {{ ref('stg_quarantine') }})
    union all
    select
        'mail_threads.messages',
        (select coalesce(sum(messages), 0) from {{ ref('mail_threads') }}),
        (select count(*) from {{ ref('stg_mails') }})
    union all
    select
        'mail_senders.mails',
        (select coalesce(sum(mails), 0) from {{ ref('mail_senders') }}),
        (select count(*) from {{ ref('stg_mails') }} where sender is not null)
    union all
    select
        'mail_volumes.sent',
        (select coalesce(sum(sent), 0) from {{ ref('mail_volumes') }}),
        (
            select count(*) from {{ ref('stg_mails') }}
            where sender is not null and sent_at is not null
        )
    union all
    select
        'mail_responders.answers',
        (select coalesce(sum(answers), 0) from {{ ref('mail_responders') }}),
        (select coalesce(sum(answers), 0) from {{ ref('mail_response_times') }})
)

select * from totals where mart <> staging
