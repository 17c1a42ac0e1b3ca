"""What the gate may do to an item's bytes. One file is one transformation: `apply`, pure."""
