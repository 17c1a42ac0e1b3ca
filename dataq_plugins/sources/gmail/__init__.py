"""The source `gmail`: the mails of a Google account, by Gmail's API, each version once."""
