"""What sources share: roots on this machine, patterns of names, what is never archived."""
