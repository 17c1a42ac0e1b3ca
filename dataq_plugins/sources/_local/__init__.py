"""What the sources on this machine's disks share."""
