"""The Store's tables. The migrations make them; a test compares the two."""

from sqlalchemy import Column, Float, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

TENANT_VERSIONS = Table(
    "tenant_versions",
    METADATA,
    Column("region", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),  # a Tenant as JSON
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Float, nullable=False),  # unix seconds
)

CDRS = Table(
    "cdrs",
    METADATA,
    Column("region", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("started_at", Float, nullable=False),  # unix seconds
    Column("record", Text, nullable=False),  # a Cdr as JSON
    Index("cdrs_by_start", "region", "tenant", "started_at", "id"),
)
