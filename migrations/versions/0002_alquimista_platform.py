"""Tables of the platform."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "agent_activations",
    "api_keys",
    "audit_logs",
    "chamadas_ferramentas",
    "estado_agentes",
    "permissions",
    "sandbox_eventos",
    "sandbox_mensagens",
    "memberships",
)
APPEND_ONLY = ("audit_logs",)
GLOBAL_POLICIES = (
    "ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {t} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY owner ON {t} FOR ALL TO alquimista_owner USING (true) WITH CHECK (true)",
)
APP_POLICIES = (
    "CREATE POLICY tenant ON alquimista_platform.tenants FOR ALL TO alquimista_app "
    "USING (id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)) "
    "WITH CHECK (id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))",
    "GRANT SELECT, UPDATE ON alquimista_platform.tenants TO alquimista_app",
    "CREATE POLICY relay ON alquimista_platform.tenants FOR SELECT TO fibonacci_relay USING (true)",
    "GRANT USAGE ON SCHEMA alquimista_platform TO alquimista_app, fibonacci_relay",
    "GRANT SELECT (id, clock_offset) ON alquimista_platform.tenants TO fibonacci_relay",
    "CREATE POLICY tenant ON alquimista_platform.users FOR SELECT TO alquimista_app USING (EXISTS "
    "(SELECT 1 FROM alquimista_platform.memberships m WHERE m.user_id = users.id AND m.tenant_id = "
    "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)))",
    "GRANT SELECT (id, email, nome, status, created_at) ON alquimista_platform.users "
    "TO alquimista_app",
    "CREATE POLICY everybody ON alquimista_platform.agents FOR SELECT TO alquimista_app "
    "USING (true)",
    "GRANT SELECT ON alquimista_platform.agents TO alquimista_app",
)


def upgrade() -> None:
    op.create_table(
        "agent_activations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_slug", sa.String(length=63), nullable=False),
        sa.Column("versao_agente", sa.String(length=40), nullable=False),
        sa.Column("ativo", sa.Boolean(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agent_activations")),
        sa.UniqueConstraint("tenant_id", "agent_slug", name="uq_agent_activations_agent"),
        schema="alquimista_platform",
    )
    op.create_table(
        "agents",
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("versao_instalada", sa.String(length=40), nullable=True),
        sa.Column("titulo", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("suspenso", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("erro", sa.Text(), nullable=True),
        sa.Column("manifesto", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_agents")),
        schema="alquimista_platform",
    )
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nome", sa.String(length=120), nullable=False),
        sa.Column("prefixo", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("escopos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expira_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ultimo_uso_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revogada_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("tenant_id", "hash", name="uq_api_keys_hash"),
        schema="alquimista_platform",
    )
    op.create_table(
        "audit_logs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ator_tipo", sa.String(length=20), nullable=False),
        sa.Column("ator_id", sa.String(length=80), nullable=True),
        sa.Column("action_type", sa.String(length=80), nullable=False),
        sa.Column("agent_id", sa.String(length=63), nullable=True),
        sa.Column("alvo_tipo", sa.String(length=40), nullable=True),
        sa.Column("alvo_id", sa.Uuid(), nullable=True),
        sa.Column("resultado", sa.String(length=20), nullable=False),
        sa.Column("detalhes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trace_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_logs")),
        schema="alquimista_platform",
    )
    op.create_index(
        "ix_audit_logs_alvo",
        "audit_logs",
        ["tenant_id", "alvo_id"],
        unique=False,
        schema="alquimista_platform",
    )
    op.create_index(
        "ix_audit_logs_created",
        "audit_logs",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="alquimista_platform",
    )
    op.create_table(
        "chamadas_ferramentas",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("agente", sa.String(length=80), nullable=False),
        sa.Column("ferramenta", sa.String(length=120), nullable=False),
        sa.Column("argumentos_hash", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("resposta", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chamadas_ferramentas")),
        sa.UniqueConstraint(
            "tenant_id",
            "event_id",
            "agente",
            "ferramenta",
            "argumentos_hash",
            name="uq_chamadas_ferramentas_chamada",
        ),
        schema="alquimista_platform",
    )
    op.create_index(
        "ix_chamadas_ferramentas_lead",
        "chamadas_ferramentas",
        ["tenant_id", "lead_id"],
        unique=False,
        schema="alquimista_platform",
    )
    op.create_table(
        "estado_agentes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agente", sa.String(length=80), nullable=False),
        sa.Column("chave", sa.String(length=120), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("valor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_estado_agentes")),
        sa.UniqueConstraint(
            "tenant_id",
            "agente",
            "chave",
            "lead_id",
            name="uq_estado_agentes_chave",
            postgresql_nulls_not_distinct=True,
        ),
        schema="alquimista_platform",
    )
    op.create_index(
        "ix_estado_agentes_lead",
        "estado_agentes",
        ["tenant_id", "lead_id"],
        unique=False,
        schema="alquimista_platform",
    )
    op.create_table(
        "permissions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("escopo", sa.String(length=80), nullable=False),
        sa.Column("concedido_por", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_permissions")),
        sa.UniqueConstraint("tenant_id", "user_id", "escopo", name="uq_permissions_escopo"),
        schema="alquimista_platform",
    )
    op.create_table(
        "sandbox_eventos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendario_id", sa.String(length=120), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("resumo", sa.String(length=255), nullable=False),
        sa.Column("inicio", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fim", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sandbox_eventos")),
        schema="alquimista_platform",
    )
    op.create_index(
        "ix_sandbox_eventos_inicio",
        "sandbox_eventos",
        ["tenant_id", "calendario_id", "inicio"],
        unique=False,
        schema="alquimista_platform",
    )
    op.create_table(
        "sandbox_mensagens",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ordem", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("canal", sa.String(length=50), nullable=False),
        sa.Column("remetente", sa.String(length=255), nullable=False),
        sa.Column("destinatario", sa.String(length=255), nullable=False),
        sa.Column("assunto", sa.String(length=255), nullable=False),
        sa.Column("mensagem", sa.Text(), nullable=False),
        sa.Column("cabecalhos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("anexos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("disparo_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sandbox_mensagens")),
        schema="alquimista_platform",
    )
    op.create_index(
        "ix_sandbox_mensagens_ordem",
        "sandbox_mensagens",
        ["tenant_id", "ordem"],
        unique=False,
        schema="alquimista_platform",
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("privada", sa.LargeBinary(), nullable=False),
        sa.Column("publica", sa.Text(), nullable=False),
        sa.Column("ativa", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
        schema="alquimista_platform",
    )
    op.create_table(
        "tenants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nome", sa.String(length=255), nullable=False),
        sa.Column("fuso_horario", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("clock_offset", sa.Interval(), server_default="0", nullable=False),
        sa.Column("configuracoes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        schema="alquimista_platform",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("email_norm", sa.String(length=255), nullable=False),
        sa.Column("nome", sa.String(length=255), nullable=False),
        sa.Column("senha_hash", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_norm", name=op.f("uq_users_email_norm")),
        schema="alquimista_platform",
    )
    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("papel", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["alquimista_platform.tenants.id"], name="fk_memberships_tenant"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["alquimista_platform.users.id"], name="fk_memberships_user"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("tenant_id", "user_id", name="uq_memberships_user"),
        schema="alquimista_platform",
    )
    for table in TENANT_TABLES:
        op.tenant_rls("alquimista_platform", table, append_only=table in APPEND_ONLY)
    for table in ("tenants", "users", "agents", "signing_keys"):
        for statement in GLOBAL_POLICIES:
            op.execute(statement.format(t=f"alquimista_platform.{table}"))
    for statement in APP_POLICIES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP POLICY tenant ON alquimista_platform.users")
    op.drop_table("memberships", schema="alquimista_platform")
    op.drop_table("users", schema="alquimista_platform")
    op.drop_table("tenants", schema="alquimista_platform")
    op.drop_table("signing_keys", schema="alquimista_platform")
    op.drop_index(
        "ix_sandbox_mensagens_ordem", table_name="sandbox_mensagens", schema="alquimista_platform"
    )
    op.drop_table("sandbox_mensagens", schema="alquimista_platform")
    op.drop_index(
        "ix_sandbox_eventos_inicio", table_name="sandbox_eventos", schema="alquimista_platform"
    )
    op.drop_table("sandbox_eventos", schema="alquimista_platform")
    op.drop_table("permissions", schema="alquimista_platform")
    op.drop_index(
        "ix_estado_agentes_lead", table_name="estado_agentes", schema="alquimista_platform"
    )
    op.drop_table("estado_agentes", schema="alquimista_platform")
    op.drop_index(
        "ix_chamadas_ferramentas_lead",
        table_name="chamadas_ferramentas",
        schema="alquimista_platform",
    )
    op.drop_table("chamadas_ferramentas", schema="alquimista_platform")
    op.drop_index("ix_audit_logs_created", table_name="audit_logs", schema="alquimista_platform")
    op.drop_index("ix_audit_logs_alvo", table_name="audit_logs", schema="alquimista_platform")
    op.drop_table("audit_logs", schema="alquimista_platform")
    op.drop_table("api_keys", schema="alquimista_platform")
    op.drop_table("agents", schema="alquimista_platform")
    op.drop_table("agent_activations", schema="alquimista_platform")
