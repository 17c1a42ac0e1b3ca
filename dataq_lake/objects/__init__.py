"""A lake in an object store: S3 and what speaks its protocol, Google's and Azure's by name."""
