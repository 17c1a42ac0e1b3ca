"""The source `mailboxes`: mbox files, Maildirs and folders of messages, archived mail by mail."""
