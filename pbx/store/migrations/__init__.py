"""Alembic's migrations of the Store, one file each under `versions`; `pbx.store.migrate` runs them."""
