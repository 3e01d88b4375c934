"""Who may sign in: users, one-time links, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the tables of accounts."""
    op.create_table(
        "users",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("password_set_at", sa.Float, nullable=False),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("used_by", sa.Text),
    )
    op.create_table(
        "sessions",
        sa.Column("region", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("came_by", sa.Text, nullable=False),
        sa.Column("signed_in_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("ends_at", sa.Float, nullable=False),
        sa.Column("is_ended", sa.Boolean, nullable=False),
    )
    op.create_index("sessions_by_user", "sessions", ["region", "tenant", "user"])
