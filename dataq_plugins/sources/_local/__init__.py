"""What sources share: roots on this machine, names and patterns of files, what is never archived."""
