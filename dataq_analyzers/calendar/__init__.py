"""Calendars and invitations (RFC 5545, 5546)."""
