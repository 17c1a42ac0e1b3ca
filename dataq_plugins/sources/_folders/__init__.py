"""What sources of files share: folders on this machine, ids of files, what is never archived."""
