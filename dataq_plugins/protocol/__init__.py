"""The plugin protocol: messages generated from proto/dataq/v1/dataq.proto, and their framing."""
