"""Tenants, their configuration and CDRs: kept for good, never on a call's path."""
