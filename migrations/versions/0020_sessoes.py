"""Sessions, second factors, sign-ups and invitations; a scope of one person beside the tenant's."""

import sqlalchemy as sa
from alembic import op

from alquimista.plataforma.functions import SESSIONS, signature

revision = "0020"
down_revision = "0016"
branch_labels = None
depends_on = None

SCHEMA = "alquimista_platform"
PERSONAL = ("sessoes", "renovacoes", "links_acesso", "segundo_fatores", "codigos_reserva")
_ME = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
_GRANTED = (
    f"GRANT INSERT ON {SCHEMA}.tenants TO alquimista_app",
    f"GRANT INSERT (id, email, email_norm, nome, senha_hash, status, created_at) "
    f"ON {SCHEMA}.users TO alquimista_app",
    f"GRANT UPDATE (nome, senha_hash, status, acesso_desde) ON {SCHEMA}.users TO alquimista_app",
    f"CREATE POLICY person ON {SCHEMA}.users FOR ALL TO alquimista_app "
    f"USING (id = {_ME}) WITH CHECK (id = {_ME})",
)
_TAKEN = (
    f"DROP POLICY person ON {SCHEMA}.users",
    f"REVOKE UPDATE (nome, senha_hash, status, acesso_desde) ON {SCHEMA}.users FROM alquimista_app",
    f"REVOKE INSERT (id, email, email_norm, nome, senha_hash, status, created_at) "
    f"ON {SCHEMA}.users FROM alquimista_app",
    f"REVOKE INSERT ON {SCHEMA}.tenants FROM alquimista_app",
)


def upgrade() -> None:
    op.add_column("users", _moment("acesso_desde", True), schema=SCHEMA)
    _sessions()
    _secrets()
    _waiting()
    for table in PERSONAL:
        name = f"{SCHEMA}.{table}"
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY owner ON {name} FOR ALL TO alquimista_owner "
            "USING (true) WITH CHECK (true)"
        )
        op.execute(
            f"CREATE POLICY person ON {name} FOR ALL TO alquimista_app "
            f"USING (user_id = {_ME}) WITH CHECK (user_id = {_ME})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO alquimista_app")
    for statement in _GRANTED:
        op.execute(statement)
    for name, definition in SESSIONS.items():
        op.execute(definition)
        op.execute(f"REVOKE ALL ON FUNCTION {signature(name)} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature(name)} TO alquimista_app")


def downgrade() -> None:
    for name in SESSIONS:
        op.execute(f"DROP FUNCTION {signature(name)}")
    for statement in _TAKEN:
        op.execute(statement)
    for table in ("convites", "cadastros", *reversed(PERSONAL)):
        op.drop_table(table, schema=SCHEMA)
    op.drop_column("users", "acesso_desde", schema=SCHEMA)


def _sessions() -> None:
    op.create_table(
        "sessoes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_escolhido", sa.Uuid(), nullable=True),
        sa.Column("segundo_fator", sa.Boolean(), nullable=False),
        sa.Column("rede", sa.String(length=45), nullable=False),
        sa.Column("dispositivo", sa.String(length=200), nullable=False),
        _moment("created_at"),
        _moment("ultimo_uso_em"),
        _moment("expira_em"),
        _moment("revogada_em", True),
        sa.Column("motivo", sa.String(length=40), nullable=True),
        _to_user("sessoes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessoes")),
        schema=SCHEMA,
    )
    op.create_index("ix_sessoes_user", "sessoes", ["user_id", "created_at"], schema=SCHEMA)
    op.create_table(
        "renovacoes",
        *_hashed(),
        sa.Column("sessao_id", sa.Uuid(), nullable=False),
        _moment("usada_em", True),
        _moment("created_at"),
        sa.ForeignKeyConstraint(
            ["sessao_id"],
            [f"{SCHEMA}.sessoes.id"],
            name="fk_renovacoes_sessao",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "hash", name=op.f("pk_renovacoes")),
        schema=SCHEMA,
    )
    op.create_index("ix_renovacoes_sessao", "renovacoes", ["sessao_id"], schema=SCHEMA)


def _secrets() -> None:
    op.create_table(
        "links_acesso",
        *_hashed(),
        sa.Column("tipo", sa.String(length=20), nullable=False),
        _moment("expira_em"),
        _moment("usado_em", True),
        _moment("created_at"),
        _to_user("links_acesso"),
        sa.PrimaryKeyConstraint("user_id", "hash", name=op.f("pk_links_acesso")),
        schema=SCHEMA,
    )
    op.create_table(
        "segundo_fatores",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("segredo", sa.LargeBinary(), nullable=False),
        _moment("confirmado_em", True),
        sa.Column("ultimo_passo", sa.BigInteger(), nullable=False),
        _moment("created_at"),
        _to_user("segundo_fatores"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_segundo_fatores")),
        schema=SCHEMA,
    )
    op.create_table(
        "codigos_reserva",
        *_hashed(),
        _moment("usado_em", True),
        _moment("created_at"),
        _to_user("codigos_reserva"),
        sa.PrimaryKeyConstraint("user_id", "hash", name=op.f("pk_codigos_reserva")),
        schema=SCHEMA,
    )


def _waiting() -> None:
    op.create_table(
        "cadastros",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("nome", sa.String(length=255), nullable=False),
        sa.Column("senha_hash", sa.String(length=255), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        _moment("expira_em"),
        _moment("confirmado_em", True),
        _moment("created_at"),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cadastros")),
        sa.UniqueConstraint("tenant_id", "hash", name="uq_cadastros_hash"),
        schema=SCHEMA,
    )
    op.create_table(
        "convites",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("email_norm", sa.String(length=255), nullable=False),
        sa.Column("papel", sa.String(length=20), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("convidado_por", sa.Uuid(), nullable=True),
        _moment("expira_em"),
        _moment("aceito_em", True),
        _moment("revogado_em", True),
        _moment("created_at"),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_convites")),
        sa.UniqueConstraint("tenant_id", "hash", name="uq_convites_hash"),
        schema=SCHEMA,
    )
    op.create_index("ix_convites_email", "convites", ["tenant_id", "email_norm"], schema=SCHEMA)
    op.create_index(
        "ix_convites_created", "convites", ["tenant_id", "created_at", "id"], schema=SCHEMA
    )
    op.tenant_rls(SCHEMA, "cadastros")
    op.tenant_rls(SCHEMA, "convites")


def _hashed() -> tuple[sa.Column, ...]:
    return (
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
    )


def _moment(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _to_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.users.id"], name=f"fk_{table}_user")
