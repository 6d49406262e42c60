"""Tables of prospecting."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "aprovacoes",
    "blocklist",
    "chaves_lead",
    "conhecimento",
    "disparo_ritmos",
    "esquecimentos",
    "importacoes",
    "metricas_diarias",
    "templates",
    "importacao_partes",
    "importacao_rejeitos",
    "lotes",
    "campanhas",
    "leads",
    "agendamentos",
    "disparos",
    "interacoes",
    "agendamento_horarios",
)


def upgrade() -> None:
    op.execute("CREATE SCHEMA nigredo_leads")
    op.create_table(
        "aprovacoes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tipo", sa.String(length=30), nullable=False),
        sa.Column("ref_id", sa.Uuid(), nullable=False),
        sa.Column("conteudo_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("resumo", sa.Text(), nullable=False),
        sa.Column("decidido_por", sa.Uuid(), nullable=True),
        sa.Column("decidido_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_aprovacoes")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_aprovacoes_ref",
        "aprovacoes",
        ["tenant_id", "ref_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "blocklist",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("telefone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("telefone_hmac", sa.String(length=64), nullable=True),
        sa.Column("email_hmac", sa.String(length=64), nullable=True),
        sa.Column("motivo", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_blocklist")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_blocklist_email",
        "blocklist",
        ["tenant_id", "email_hmac"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_blocklist_lead",
        "blocklist",
        ["tenant_id", "lead_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_blocklist_telefone",
        "blocklist",
        ["tenant_id", "telefone_hmac"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "chaves_lead",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("chave", sa.LargeBinary(), nullable=True),
        sa.Column("destruida_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chaves_lead")),
        sa.UniqueConstraint("tenant_id", "lead_id", name="uq_chaves_lead_lead"),
        schema="nigredo_leads",
    )
    op.create_table(
        "conhecimento",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("titulo", sa.String(length=255), nullable=False),
        sa.Column("texto", sa.Text(), nullable=False),
        sa.Column("palavras", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conhecimento")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_conhecimento_titulo",
        "conhecimento",
        ["tenant_id", "titulo"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "disparo_ritmos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ultimo_autorizado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proximo_livre_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_disparo_ritmos")),
        sa.UniqueConstraint("tenant_id", name="uq_disparo_ritmos_tenant"),
        schema="nigredo_leads",
    )
    op.create_table(
        "esquecimentos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("certificado", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_esquecimentos")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_esquecimentos_lead",
        "esquecimentos",
        ["tenant_id", "lead_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "importacoes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("origem", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("nome_arquivo", sa.String(length=255), nullable=True),
        sa.Column("arquivo_chave", sa.String(length=255), nullable=True),
        sa.Column("tamanho_bytes", sa.BigInteger(), nullable=True),
        sa.Column("planilha", sa.String(length=120), nullable=True),
        sa.Column("linha_cabecalho", sa.Integer(), nullable=True),
        sa.Column("mapeamento", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("previa", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("avisos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total_linhas", sa.Integer(), nullable=False),
        sa.Column("erro", sa.Text(), nullable=True),
        sa.Column("criado_por", sa.Uuid(), nullable=True),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("concluida_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_importacoes")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_importacoes_created",
        "importacoes",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "metricas_diarias",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data", sa.Date(), nullable=False),
        sa.Column("metricas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pdf_chave", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_metricas_diarias")),
        sa.UniqueConstraint("tenant_id", "data", name="uq_metricas_diarias_data"),
        schema="nigredo_leads",
    )
    op.create_table(
        "templates",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nome", sa.String(length=120), nullable=False),
        sa.Column("canal", sa.String(length=50), nullable=False),
        sa.Column("etapa", sa.String(length=20), nullable=False),
        sa.Column("variante", sa.String(length=10), nullable=False),
        sa.Column("assunto", sa.String(length=255), nullable=False),
        sa.Column("texto", sa.Text(), nullable=False),
        sa.Column("aprovado", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_templates")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_templates_canal",
        "templates",
        ["tenant_id", "canal"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "importacao_partes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("importacao_id", sa.Uuid(), nullable=False),
        sa.Column("parte", sa.Integer(), nullable=False),
        sa.Column("aceitos", sa.Integer(), nullable=False),
        sa.Column("rejeitados", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "importacao_id"],
            ["nigredo_leads.importacoes.tenant_id", "nigredo_leads.importacoes.id"],
            name=op.f("fk_importacao_partes_tenant_id_importacao_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_importacao_partes")),
        sa.UniqueConstraint(
            "tenant_id", "importacao_id", "parte", name="uq_importacao_partes_parte"
        ),
        schema="nigredo_leads",
    )
    op.create_table(
        "importacao_rejeitos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("importacao_id", sa.Uuid(), nullable=False),
        sa.Column("planilha", sa.String(length=120), nullable=False),
        sa.Column("linha", sa.Integer(), nullable=False),
        sa.Column("coluna", sa.String(length=10), nullable=True),
        sa.Column("classe", sa.String(length=20), nullable=False),
        sa.Column("mensagem", sa.Text(), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "importacao_id"],
            ["nigredo_leads.importacoes.tenant_id", "nigredo_leads.importacoes.id"],
            name=op.f("fk_importacao_rejeitos_tenant_id_importacao_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_importacao_rejeitos")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_importacao_rejeitos_importacao",
        "importacao_rejeitos",
        ["tenant_id", "importacao_id", "linha"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "lotes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("importacao_id", sa.Uuid(), nullable=False),
        sa.Column("nome", sa.String(length=255), nullable=False),
        sa.Column("segmento", sa.String(length=100), nullable=False),
        sa.Column("prioridade", sa.String(length=1), nullable=False),
        sa.Column("quantidade", sa.Integer(), nullable=False),
        sa.Column("setor", sa.String(length=100), nullable=True),
        sa.Column("porte", sa.String(length=50), nullable=True),
        sa.Column("regiao", sa.String(length=50), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "importacao_id"],
            ["nigredo_leads.importacoes.tenant_id", "nigredo_leads.importacoes.id"],
            name=op.f("fk_lotes_tenant_id_importacao_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_lotes")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_lotes_importacao",
        "lotes",
        ["tenant_id", "importacao_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "campanhas",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nome", sa.String(length=255), nullable=False),
        sa.Column("segmento", sa.String(length=100), nullable=True),
        sa.Column("canal", sa.String(length=50), nullable=False),
        sa.Column("mensagens", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ritmo", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("metricas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lote_id", sa.Uuid(), nullable=True),
        sa.Column("conteudo_hash", sa.String(length=64), nullable=False),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lote_id"],
            ["nigredo_leads.lotes.tenant_id", "nigredo_leads.lotes.id"],
            name=op.f("fk_campanhas_tenant_id_lote_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_campanhas")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_campanhas_created",
        "campanhas",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_campanhas_lote",
        "campanhas",
        ["tenant_id", "lote_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "leads",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("empresa", sa.String(length=255), nullable=False),
        sa.Column("cnpj", sa.String(length=18), nullable=True),
        sa.Column("contato", sa.String(length=255), nullable=True),
        sa.Column("telefone", sa.String(length=20), nullable=True),
        sa.Column("telefone_norm", sa.String(length=20), nullable=True),
        sa.Column("whatsapp_id", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("email_norm", sa.String(length=255), nullable=True),
        sa.Column("chave_dedupe", sa.String(length=300), nullable=False),
        sa.Column("setor", sa.String(length=100), nullable=True),
        sa.Column("porte", sa.String(length=50), nullable=True),
        sa.Column("porte_receita", sa.String(length=50), nullable=True),
        sa.Column("atividade_principal", sa.Text(), nullable=True),
        sa.Column("cidade", sa.String(length=120), nullable=True),
        sa.Column("uf", sa.String(length=2), nullable=True),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("prioridade", sa.Integer(), nullable=True),
        sa.Column("segmento", sa.String(length=100), nullable=True),
        sa.Column("enriquecimento", sa.String(length=20), nullable=False),
        sa.Column("lote_id", sa.Uuid(), nullable=True),
        sa.Column("importacao_id", sa.Uuid(), nullable=True),
        sa.Column("planilha", sa.String(length=120), nullable=True),
        sa.Column("linha", sa.Integer(), nullable=True),
        sa.Column("base_legal", sa.String(length=60), nullable=True),
        sa.Column("pausado", sa.Boolean(), nullable=False),
        sa.Column("pausa_motivo", sa.String(length=255), nullable=True),
        sa.Column("assumido_por", sa.Uuid(), nullable=True),
        sa.Column("token_conversa", sa.Integer(), nullable=False),
        sa.Column("token_descadastro", sa.String(length=64), nullable=False),
        sa.Column("valor_convertido_centavos", sa.Integer(), nullable=True),
        sa.Column("convertido_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("respondeu_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contatado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interessado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agendado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "importacao_id"],
            ["nigredo_leads.importacoes.tenant_id", "nigredo_leads.importacoes.id"],
            name=op.f("fk_leads_tenant_id_importacao_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lote_id"],
            ["nigredo_leads.lotes.tenant_id", "nigredo_leads.lotes.id"],
            name=op.f("fk_leads_tenant_id_lote_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_leads")),
        sa.UniqueConstraint("tenant_id", "chave_dedupe", name="uq_leads_chave_dedupe"),
        sa.UniqueConstraint("tenant_id", "token_descadastro", name="uq_leads_token_descadastro"),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_leads_created",
        "leads",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_leads_email", "leads", ["tenant_id", "email_norm"], unique=False, schema="nigredo_leads"
    )
    op.create_index(
        "ix_leads_importacao",
        "leads",
        ["tenant_id", "importacao_id", "enriquecimento"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_leads_lote", "leads", ["tenant_id", "lote_id"], unique=False, schema="nigredo_leads"
    )
    op.create_index(
        "ix_leads_status", "leads", ["tenant_id", "status"], unique=False, schema="nigredo_leads"
    )
    op.create_index(
        "ix_leads_telefone",
        "leads",
        ["tenant_id", "telefone_norm"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "agendamentos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("data_hora", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duracao", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=50), nullable=False),
        sa.Column("calendar_event_id", sa.String(length=255), nullable=True),
        sa.Column("briefing", sa.Text(), nullable=True),
        sa.Column("expira_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            ["nigredo_leads.leads.tenant_id", "nigredo_leads.leads.id"],
            name=op.f("fk_agendamentos_tenant_id_lead_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agendamentos")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_agendamentos_data",
        "agendamentos",
        ["tenant_id", "data_hora", "id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_agendamentos_lead",
        "agendamentos",
        ["tenant_id", "lead_id", "status"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "disparos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("tipo", sa.String(length=20), nullable=False),
        sa.Column("campanha_id", sa.Uuid(), nullable=True),
        sa.Column("etapa", sa.String(length=20), nullable=True),
        sa.Column("tentativa", sa.Integer(), nullable=False),
        sa.Column("variante", sa.String(length=10), nullable=True),
        sa.Column("canal", sa.String(length=50), nullable=False),
        sa.Column("destinatarios", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("assunto", sa.String(length=255), nullable=False),
        sa.Column("mensagem", sa.Text(), nullable=False),
        sa.Column("anexos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("chave_idempotencia", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("motivo", sa.String(length=60), nullable=True),
        sa.Column("verificacoes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("adiamentos", sa.Integer(), nullable=False),
        sa.Column("enviar_em", sa.DateTime(timezone=True), nullable=False),
        sa.Column("autorizado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("autorizado_por", sa.Uuid(), nullable=True),
        sa.Column("enviado_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entregue_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lido_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("erro", sa.Text(), nullable=True),
        sa.Column("token_conversa", sa.Integer(), nullable=True),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "campanha_id"],
            ["nigredo_leads.campanhas.tenant_id", "nigredo_leads.campanhas.id"],
            name=op.f("fk_disparos_tenant_id_campanha_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            ["nigredo_leads.leads.tenant_id", "nigredo_leads.leads.id"],
            name=op.f("fk_disparos_tenant_id_lead_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_disparos")),
        sa.UniqueConstraint("tenant_id", "chave_idempotencia", name="uq_disparos_chave"),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_disparos_autorizado",
        "disparos",
        ["tenant_id", "autorizado_em"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_disparos_campanha",
        "disparos",
        ["tenant_id", "campanha_id", "status"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_disparos_lead",
        "disparos",
        ["tenant_id", "lead_id", "created_at"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_disparos_provider",
        "disparos",
        ["tenant_id", "provider_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_disparos_status",
        "disparos",
        ["tenant_id", "status", "enviar_em"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "interacoes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("tipo", sa.String(length=50), nullable=False),
        sa.Column("canal", sa.String(length=50), nullable=False),
        sa.Column("mensagem", sa.Text(), nullable=False),
        sa.Column("sentimento", sa.String(length=50), nullable=True),
        sa.Column("intensidade", sa.Integer(), nullable=True),
        sa.Column("intent", sa.String(length=20), nullable=True),
        sa.Column("descadastro", sa.String(length=10), nullable=True),
        sa.Column("motivos", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("disparo_id", sa.Uuid(), nullable=True),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("atendida", sa.Boolean(), nullable=False),
        sa.Column("trace_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lead_id"],
            ["nigredo_leads.leads.tenant_id", "nigredo_leads.leads.id"],
            name=op.f("fk_interacoes_tenant_id_lead_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_interacoes")),
        sa.UniqueConstraint("tenant_id", "canal", "provider_id", name="uq_interacoes_provider"),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_interacoes_created",
        "interacoes",
        ["tenant_id", "created_at"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_interacoes_lead",
        "interacoes",
        ["tenant_id", "lead_id", "created_at"],
        unique=False,
        schema="nigredo_leads",
    )
    op.create_table(
        "agendamento_horarios",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agendamento_id", sa.Uuid(), nullable=False),
        sa.Column("numero", sa.Integer(), nullable=False),
        sa.Column("inicio", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fim", sa.DateTime(timezone=True), nullable=False),
        sa.Column("estado", sa.String(length=20), nullable=False),
        sa.Column("expira_em", sa.DateTime(timezone=True), nullable=True),
        sa.Column("versao", sa.Integer(), server_default="1", nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("tenant_id"), "="),
            (sa.text("tstzrange(inicio, fim)"), "&&"),
            where=sa.text("estado IN ('segurado', 'confirmado')"),
            using="gist",
            name="ex_agendamento_horarios_um_por_vez",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agendamento_id"],
            ["nigredo_leads.agendamentos.tenant_id", "nigredo_leads.agendamentos.id"],
            name=op.f("fk_agendamento_horarios_tenant_id_agendamento_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_agendamento_horarios")),
        schema="nigredo_leads",
    )
    op.create_index(
        "ix_agendamento_horarios_agendamento",
        "agendamento_horarios",
        ["tenant_id", "agendamento_id"],
        unique=False,
        schema="nigredo_leads",
    )
    op.execute("GRANT USAGE ON SCHEMA nigredo_leads TO alquimista_app")
    for table in TENANT_TABLES:
        op.tenant_rls("nigredo_leads", table)


def downgrade() -> None:
    op.drop_index(
        "ix_agendamento_horarios_agendamento",
        table_name="agendamento_horarios",
        schema="nigredo_leads",
    )
    op.drop_table("agendamento_horarios", schema="nigredo_leads")
    op.drop_index("ix_interacoes_lead", table_name="interacoes", schema="nigredo_leads")
    op.drop_index("ix_interacoes_created", table_name="interacoes", schema="nigredo_leads")
    op.drop_table("interacoes", schema="nigredo_leads")
    op.drop_index("ix_disparos_status", table_name="disparos", schema="nigredo_leads")
    op.drop_index("ix_disparos_provider", table_name="disparos", schema="nigredo_leads")
    op.drop_index("ix_disparos_lead", table_name="disparos", schema="nigredo_leads")
    op.drop_index("ix_disparos_campanha", table_name="disparos", schema="nigredo_leads")
    op.drop_index("ix_disparos_autorizado", table_name="disparos", schema="nigredo_leads")
    op.drop_table("disparos", schema="nigredo_leads")
    op.drop_index("ix_agendamentos_lead", table_name="agendamentos", schema="nigredo_leads")
    op.drop_index("ix_agendamentos_data", table_name="agendamentos", schema="nigredo_leads")
    op.drop_table("agendamentos", schema="nigredo_leads")
    op.drop_index("ix_leads_telefone", table_name="leads", schema="nigredo_leads")
    op.drop_index("ix_leads_status", table_name="leads", schema="nigredo_leads")
    op.drop_index("ix_leads_lote", table_name="leads", schema="nigredo_leads")
    op.drop_index("ix_leads_importacao", table_name="leads", schema="nigredo_leads")
    op.drop_index("ix_leads_email", table_name="leads", schema="nigredo_leads")
    op.drop_index("ix_leads_created", table_name="leads", schema="nigredo_leads")
    op.drop_table("leads", schema="nigredo_leads")
    op.drop_index("ix_campanhas_lote", table_name="campanhas", schema="nigredo_leads")
    op.drop_index("ix_campanhas_created", table_name="campanhas", schema="nigredo_leads")
    op.drop_table("campanhas", schema="nigredo_leads")
    op.drop_index("ix_lotes_importacao", table_name="lotes", schema="nigredo_leads")
    op.drop_table("lotes", schema="nigredo_leads")
    op.drop_index(
        "ix_importacao_rejeitos_importacao",
        table_name="importacao_rejeitos",
        schema="nigredo_leads",
    )
    op.drop_table("importacao_rejeitos", schema="nigredo_leads")
    op.drop_table("importacao_partes", schema="nigredo_leads")
    op.drop_index("ix_templates_canal", table_name="templates", schema="nigredo_leads")
    op.drop_table("templates", schema="nigredo_leads")
    op.drop_table("metricas_diarias", schema="nigredo_leads")
    op.drop_index("ix_importacoes_created", table_name="importacoes", schema="nigredo_leads")
    op.drop_table("importacoes", schema="nigredo_leads")
    op.drop_index("ix_esquecimentos_lead", table_name="esquecimentos", schema="nigredo_leads")
    op.drop_table("esquecimentos", schema="nigredo_leads")
    op.drop_table("disparo_ritmos", schema="nigredo_leads")
    op.drop_index("ix_conhecimento_titulo", table_name="conhecimento", schema="nigredo_leads")
    op.drop_table("conhecimento", schema="nigredo_leads")
    op.drop_table("chaves_lead", schema="nigredo_leads")
    op.drop_index("ix_blocklist_telefone", table_name="blocklist", schema="nigredo_leads")
    op.drop_index("ix_blocklist_lead", table_name="blocklist", schema="nigredo_leads")
    op.drop_index("ix_blocklist_email", table_name="blocklist", schema="nigredo_leads")
    op.drop_table("blocklist", schema="nigredo_leads")
    op.drop_index("ix_aprovacoes_ref", table_name="aprovacoes", schema="nigredo_leads")
    op.drop_table("aprovacoes", schema="nigredo_leads")
    op.execute("DROP SCHEMA nigredo_leads")
