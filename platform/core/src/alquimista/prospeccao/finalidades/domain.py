"""Rules of purposes and legal bases: what each use of personal data stands on (LGPD, art. 7, 10).

A purpose has one basis for the whole account; a lead may have records of its own: a consent with
its evidence, or a withdrawal, which stops its purpose and no other (art. 8, § 5; art. 18, § 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from alquimista_sdk.errors import PermanentError

CONSENTIMENTO, LEGITIMO_INTERESSE = "consentimento", "legitimo_interesse"
PROSPECCAO, RELATORIOS = "prospeccao", "relatorios"
ENRIQUECIMENTO = "enriquecimento"
BASES: Mapping[str, tuple[str, str]] = {
    CONSENTIMENTO: ("consentimento do titular", "LGPD, art. 7º, I"),
    "obrigacao_legal": ("cumprimento de obrigação legal ou regulatória", "LGPD, art. 7º, II"),
    "execucao_contrato": ("contrato ou procedimentos preliminares a ele", "LGPD, art. 7º, V"),
    "exercicio_direitos": ("exercício regular de direitos em processo", "LGPD, art. 7º, VI"),
    LEGITIMO_INTERESSE: ("legítimo interesse", "LGPD, art. 7º, IX, e art. 10"),
    "protecao_credito": ("proteção do crédito", "LGPD, art. 7º, X"),
}
"""Basis → its name and its source; those of public bodies, research and health are left out."""
MEIOS = ("formulario", "email", "telefone", "whatsapp", "contrato", "presencial", "importacao")
"""How a person gave or took back a consent."""
FINALIDADE_DO_TIPO: Mapping[str, str] = {
    PROSPECCAO: PROSPECCAO,
    "resposta": "atendimento",
    "transacional": "agendamento",
}
"""Kind of message → the purpose that it serves; the others serve the person's own request."""
_LIA_MINIMO = 20


class BaseInvalida(PermanentError):
    """The purpose, basis or evidence is not complete, or contradicts itself."""

    code = "base_legal_invalida"


@dataclass(frozen=True, slots=True)
class Balanceamento:
    """The note that weighs a legitimate interest (LGPD, art. 10; ANPD, "Legítimo interesse")."""

    interesse: str
    necessidade: str
    impacto: str
    salvaguardas: str


@dataclass(frozen=True, slots=True)
class Finalidade:
    """A purpose as an account has it; ``versao`` 0 is the default that nobody has changed."""

    finalidade: str
    titulo: str
    descricao: str
    base_legal: str
    dados: tuple[str, ...]
    ativa: bool = True
    lia: Balanceamento | None = None
    versao: int = 0
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Registro:
    """The newest of a lead's own records for a purpose."""

    base_legal: str
    obtido_em: datetime
    retirado_em: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decisao:
    """Whether a purpose may use a lead's data, on which basis, and why, in words for a person.

    ``origem`` says what decided: ``lead`` (a record of its own), ``importacao`` or ``conta``.
    """

    finalidade: str
    permitido: bool
    base_legal: str | None
    origem: str
    motivo: str


_CONTATO = ("nome da pessoa de contato", "e-mail", "telefone", "empresa")
_PADROES = (
    Finalidade(
        PROSPECCAO,
        "Prospecção",
        "Apresentar produtos e serviços a contatos profissionais de empresas.",
        LEGITIMO_INTERESSE,
        (*_CONTATO, "histórico de mensagens"),
        lia=Balanceamento(
            "Apresentar a empresas soluções ligadas à atividade delas, por seus contatos "
            "profissionais.",
            "Usam-se só dados profissionais de contato, sem dados sensíveis, e só dos leads da "
            "própria base.",
            "Baixo: mensagens profissionais, espaçadas e em horário comercial, que o contato de "
            "uma empresa pode esperar.",
            "Descadastro em toda mensagem, limites de envio, supressão permanente e página pública "
            "do titular.",
        ),
    ),
    Finalidade(
        ENRIQUECIMENTO,
        "Enriquecimento",
        "Completar o cadastro da empresa com dados de fontes externas.",
        LEGITIMO_INTERESSE,
        ("CNPJ", "setor", "porte", "endereço da empresa", "quadro societário"),
        lia=Balanceamento(
            "Evitar ofertas sem sentido: conhecer o setor e o porte da empresa antes de escrever.",
            "Consultam-se só cadastros públicos de empresas, e só o que falta no cadastro.",
            "Baixo: os dados são da empresa e públicos; o nome de sócios é o único dado pessoal.",
            "A origem de cada dado fica registrada e o que o cliente informou não é substituído.",
        ),
    ),
    Finalidade(
        "atendimento",
        "Atendimento",
        "Ler e responder às mensagens que a pessoa nos envia.",
        "execucao_contrato",
        (*_CONTATO, "conteúdo das mensagens"),
    ),
    Finalidade(
        "agendamento",
        "Agendamento",
        "Marcar, confirmar e lembrar reuniões que a pessoa pediu.",
        "execucao_contrato",
        (*_CONTATO, "data e hora da reunião", "resumo da conversa"),
    ),
    Finalidade(
        RELATORIOS,
        "Relatórios e métricas",
        "Medir o funil e os temas das objeções mais comuns, em números agregados.",
        LEGITIMO_INTERESSE,
        ("situação do lead", "datas das etapas", "conteúdo das objeções"),
        lia=Balanceamento(
            "Saber se a prospecção funciona e melhorar o que se oferece.",
            "Os relatórios trazem contagens por tema; de uma mensagem só se mostra o código.",
            "Baixo: nenhuma decisão sobre uma pessoa é tomada a partir dos relatórios.",
            "Acesso restrito por papel; os números permanecem sem dados pessoais após a exclusão.",
        ),
    ),
    Finalidade(
        "melhoria_modelo",
        "Melhoria do modelo",
        "Usar mensagens para treinar e avaliar a leitura automática de respostas.",
        CONSENTIMENTO,
        ("conteúdo das mensagens",),
        ativa=False,
    ),
)
PADROES: Mapping[str, Finalidade] = {padrao.finalidade: padrao for padrao in _PADROES}
"""Purpose → what an account starts with."""


def conferir(finalidade: Finalidade) -> Finalidade:
    """The purpose, where it is complete; a balancing note stands only with a legitimate interest.

    Raises:
        BaseInvalida: the basis is unknown, or a legitimate interest has no note (LGPD, art. 10).
    """
    if finalidade.base_legal not in BASES:
        raise BaseInvalida(f"A base legal {finalidade.base_legal!r} não existe.")
    if finalidade.base_legal != LEGITIMO_INTERESSE:
        return _sem_nota(finalidade)
    notas = asdict(finalidade.lia) if finalidade.lia is not None else {}
    faltam = [
        campo.name
        for campo in fields(Balanceamento)
        if len(str(notas.get(campo.name, "")).strip()) < _LIA_MINIMO
    ]
    if faltam:
        raise BaseInvalida(
            "O legítimo interesse exige a nota de balanceamento; escreva ao menos "
            f"{_LIA_MINIMO} caracteres em lia.{', lia.'.join(faltam)}."
        )
    return finalidade


def conferir_registro(
    base_legal: str, texto: str | None, obtido_em: datetime, agora: datetime
) -> None:
    """Hold a lead's record to what proves it (LGPD, art. 8, § 2: the burden is the controller's).

    Raises:
        BaseInvalida: a consent without its text, or one that was given after now.
    """
    if base_legal == CONSENTIMENTO and not (texto or "").strip():
        raise BaseInvalida("Um consentimento precisa do texto que a pessoa aceitou.")
    if obtido_em > agora:
        raise BaseInvalida("O momento do consentimento não pode estar no futuro.")


def decidir(
    finalidade: Finalidade,
    registros: Iterable[Registro],
    base_na_importacao: str | None = LEGITIMO_INTERESSE,
) -> Decisao:
    """Whether a purpose may use a lead's data.

    ``registros`` are the newest ones of the lead and of all that was merged into it, the lead's
    own first: a withdrawal of any of them counts. ``base_na_importacao`` is what the lead came
    with; without it nobody is prospected.
    """
    nome, achados = finalidade.finalidade, list(registros)
    titulo = f"a finalidade “{finalidade.titulo}”"
    if not finalidade.ativa:
        return Decisao(nome, False, None, "conta", f"{titulo} está desativada na conta")
    retirado = next((found for found in achados if found.retirado_em is not None), None)
    if retirado is not None and retirado.retirado_em is not None:
        quando = f"{retirado.retirado_em:%d/%m/%Y}"
        motivo = f"a pessoa retirou a autorização para {titulo} em {quando}"
        return Decisao(nome, False, None, "lead", motivo)
    if achados:
        base = achados[0].base_legal
        quando = f"{achados[0].obtido_em:%d/%m/%Y}"
        motivo = f"base legal do lead para {titulo}: {base}, em {quando}"
        return Decisao(nome, True, base, "lead", motivo)
    if nome == PROSPECCAO and not base_na_importacao:
        motivo = "nenhuma base legal registrada para prospecção"
        return Decisao(nome, False, None, "importacao", motivo)
    if finalidade.base_legal == CONSENTIMENTO:
        motivo = f"{titulo} pede consentimento, e não há um registrado"
        return Decisao(nome, False, None, "conta", motivo)
    motivo = f"base legal da conta para {titulo}: {finalidade.base_legal}"
    return Decisao(nome, True, finalidade.base_legal, "conta", motivo)


def lia_de(valores: Mapping[str, Any] | None) -> Balanceamento | None:
    """A balancing note from JSON; None where there is none."""
    if not valores:
        return None
    return Balanceamento(**{f.name: str(valores.get(f.name) or "") for f in fields(Balanceamento)})


def _sem_nota(finalidade: Finalidade) -> Finalidade:
    values = {f.name: getattr(finalidade, f.name) for f in fields(Finalidade)}
    return Finalidade(**{**values, "lia": None})
