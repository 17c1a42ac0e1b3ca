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
)

select * from totals where mart <> staging
