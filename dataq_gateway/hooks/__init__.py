"""Webhooks in: signed deliveries that start runs, durable before they are answered."""
