"""How plugins reach servers: HTTP over connections that are kept, allowed addresses, tokens."""
