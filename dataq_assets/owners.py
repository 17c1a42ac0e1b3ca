"""Who answers for an asset whose source names nobody."""

OWNER = "team:data"
