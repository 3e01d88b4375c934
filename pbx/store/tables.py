"""The Store's tables. The migrations make them; a test compares the two."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text

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

USERS = Table(
    "users",
    METADATA,
    Column("region", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("password_hash", Text),  # argon2id with its parameters; NULL: none was set
    Column("password_set_at", Float, nullable=False),
)

SIGN_IN_LINKS = Table(
    "sign_in_links",
    METADATA,
    Column("region", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("token_hash", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("used_by", Text),  # the token hash of the session that it became; "" where it ended unused
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("region", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("token_hash", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("came_by", Text, nullable=False),
    Column("signed_in_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("is_ended", Boolean, nullable=False),  # kept until `ends_at`: a late repetition must not bring it back
    Index("sessions_by_user", "region", "tenant", "user"),
)
