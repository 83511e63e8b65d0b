"""Who saw what: one file per provider."""
