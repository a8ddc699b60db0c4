"""Everything the line needs: people, boards, placement, reports and their chains."""

import sqlalchemy as sa
from alembic import op

revision = "0001_the_line"
down_revision = None
branch_labels = None
depends_on = None

# In the order of their references: the last may go first.
TABLES = (
    "epoch",
    "organisation",
    "people_event",
    "region",
    "spent",
    "team",
    "organisation_alias",
    "person",
    "site",
    "activation_link",
    "board",
    "person_key",
    "board_event",
    "placement",
    "staff_session",
    "report",
    "report_grant",
    "addition",
    "box_message",
    "citizen_event",
    "note",
    "report_file",
    "staff_event",
)


def upgrade() -> None:
    op.create_table(
        "epoch",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_epoch"),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("name", name="uq_organisation_name"),
    )
    op.create_table(
        "people_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people_event"),
    )
    op.create_index("ix_people_event_person_id_at", "people_event", ["person_id", "at"], unique=False)
    op.create_table(
        "region",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["region.code"], name="fk_region_parent_code_region"),
        sa.PrimaryKeyConstraint("code", name="pk_region"),
    )
    op.create_index("ix_region_parent_code", "region", ["parent_code"], unique=False)
    op.create_table(
        "spent",
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("tag", name="pk_spent"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "team",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=True),
        sa.Column("covers", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
    )
    op.create_table(
        "organisation_alias",
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("organisation_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name="fk_organisation_alias_organisation_id_organisation",
        ),
        sa.PrimaryKeyConstraint("text", name="pk_organisation_alias"),
    )
    op.create_index(
        "ix_organisation_alias_organisation_id", "organisation_alias", ["organisation_id"], unique=False
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("signed_in_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_person_team_id_team"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("login", name="uq_person_login"),
    )
    op.create_index("ix_person_team_id", "person", ["team_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("site_no", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=True),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("owner_unit_id", sa.String(), nullable=True),
        sa.Column("contractor_id", sa.String(), nullable=True),
        sa.Column("supervisor_firm_id", sa.String(), nullable=True),
        sa.Column("designer_id", sa.String(), nullable=True),
        sa.Column("amount_wan_yuan", sa.String(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("content", sa.String(), nullable=True),
        sa.Column("funds", sa.String(), nullable=True),
        sa.Column("owner_head", sa.String(), nullable=True),
        sa.Column("contractor_head", sa.String(), nullable=True),
        sa.Column("supervisor_head", sa.String(), nullable=True),
        sa.Column("designer_head", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contractor_id"], ["organisation.id"], name="fk_site_contractor_id_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["designer_id"], ["organisation.id"], name="fk_site_designer_id_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["owner_unit_id"], ["organisation.id"], name="fk_site_owner_unit_id_organisation"
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name="fk_site_region_code_region"),
        sa.ForeignKeyConstraint(
            ["supervisor_firm_id"], ["organisation.id"], name="fk_site_supervisor_firm_id_organisation"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_site_team_id_team"),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
        sa.UniqueConstraint("site_no", name="uq_site_site_no"),
    )
    op.create_index("ix_site_region_code", "site", ["region_code"], unique=False)
    op.create_index("ix_site_team_id", "site", ["team_id"], unique=False)
    op.create_table(
        "activation_link",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_activation_link_person_id_person"),
        sa.PrimaryKeyConstraint("digest", name="pk_activation_link"),
    )
    op.create_index("ix_activation_link_person_id", "activation_link", ["person_id"], unique=False)
    op.create_table(
        "board",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("check_words", sa.JSON(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("live_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_board_site_id_site"),
        sa.PrimaryKeyConstraint("code", name="pk_board"),
    )
    op.create_index("ix_board_site_id", "board", ["site_id"], unique=False)
    op.create_table(
        "person_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("reading_public", sa.LargeBinary(), nullable=False),
        sa.Column("signing_public", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secrets", sa.LargeBinary(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_key_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_person_key"),
    )
    op.create_index("ix_person_key_person_id", "person_key", ["person_id"], unique=False)
    op.create_index(
        "uq_person_key_live",
        "person_key",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("retired_on IS NULL"),
        postgresql_where=sa.text("retired_on IS NULL"),
    )
    op.create_table(
        "board_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("board_code", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["board_code"], ["board.code"], name="fk_board_event_board_code_board"),
        sa.PrimaryKeyConstraint("id", name="pk_board_event"),
    )
    op.create_index("ix_board_event_board_code", "board_event", ["board_code"], unique=False)
    op.create_table(
        "placement",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("board_code", sa.String(), nullable=True),
        sa.Column("site_id", sa.String(), nullable=True),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("alias_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["board_code"], ["board.code"], name="fk_placement_board_code_board"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_placement_site_id_site"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_placement_team_id_team"),
        sa.PrimaryKeyConstraint("report_id", name="pk_placement"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_placement_team_id_lane", "placement", ["team_id", "lane"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("sealed_keys", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["person_key.id"], name="fk_staff_session_key_id_person_key"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_staff_session_person_id_person"),
        sa.PrimaryKeyConstraint("digest", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_person_id", "staff_session", ["person_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("register_no", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("day_order", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("about_handler", sa.Boolean(), nullable=False),
        sa.Column("about_superior", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("awaiting_citizen", sa.Boolean(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("assignee_id", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=False),
        sa.Column("box_tag", sa.LargeBinary(), nullable=False),
        sa.Column("box_for_receipt", sa.LargeBinary(), nullable=False),
        sa.Column("box_for_staff", sa.LargeBinary(), nullable=False),
        sa.Column("rated", sa.Boolean(), nullable=False),
        sa.Column("staff_seq", sa.Integer(), nullable=False),
        sa.Column("staff_head", sa.String(), nullable=False),
        sa.Column("staff_seal", sa.String(), nullable=False),
        sa.Column("citizen_seq", sa.Integer(), nullable=False),
        sa.Column("citizen_head", sa.String(), nullable=False),
        sa.Column("citizen_seal", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["placement.report_id"], name="fk_report_id_placement"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("box_tag", name="uq_report_box_tag"),
        sa.UniqueConstraint("register_no", name="uq_report_register_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_report_day_day_order", "report", ["day", "day_order"], unique=False)
    op.create_index("ix_report_state", "report", ["state"], unique=False)
    op.create_table(
        "report_grant",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("envelope", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["placement.report_id"], name="fk_report_grant_report_id_placement"
        ),
        sa.PrimaryKeyConstraint("report_id", "envelope", "holder", name="pk_report_grant"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_report_grant_holder_report_id", "report_grant", ["holder", "report_id"], unique=False)
    op.create_table(
        "addition",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_addition_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_addition"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_addition_report_id", "addition", ["report_id"], unique=False)
    op.create_table(
        "box_message",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_box_message_report_id_report"),
        sa.PrimaryKeyConstraint("report_id", "seq", name="pk_box_message"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "citizen_event",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_citizen_event_report_id_report"),
        sa.PrimaryKeyConstraint("report_id", "seq", name="pk_citizen_event"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "note",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_note_report_id_report"),
        sa.PrimaryKeyConstraint("report_id", "seq", name="pk_note"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_file",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("envelope", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.Column("meta", sa.LargeBinary(), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_file_report_id_report"),
        sa.PrimaryKeyConstraint("id", name="pk_report_file"),
        sa.UniqueConstraint("blob", name="uq_report_file_blob"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_report_file_report_id", "report_file", ["report_id"], unique=False)
    op.create_index("ix_report_file_report_id_seen", "report_file", ["report_id", "seen"], unique=True)
    op.create_table(
        "staff_event",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_staff_event_report_id_report"),
        sa.PrimaryKeyConstraint("report_id", "seq", name="pk_staff_event"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_staff_event_report_id_kind_actor_id",
        "staff_event",
        ["report_id", "kind", "actor_id"],
        unique=False,
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
