"""What people say of hits and of what was guessed, and the versions of ranking made of it."""
