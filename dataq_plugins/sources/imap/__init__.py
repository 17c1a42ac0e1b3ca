"""The source `imap`: mailboxes on an IMAP server, archived mail by mail."""
