select
    coalesce(assets.mime_type, 'unknown') as mime_type,
    segments.segment_type,
    count(*) as segments,
    count(distinct segments.asset_id) as assets,
    count(distinct segments.text_hash) as distinct_texts,
    cast(sum(segments.characters) as bigint) as characters,
    min(segments.characters) as shortest,
    median(segments.characters) as median_characters,
    max(segments.characters) as longest,
    avg(segments.confidence_score) as mean_confidence
from {{ ref('stg_segments') }} as segments
join {{ ref('stg_assets') }} as assets using (asset_id)
where assets.is_latest
group by all
