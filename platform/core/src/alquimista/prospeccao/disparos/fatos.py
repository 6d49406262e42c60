"""What the gate looks at, read in the authorising transaction by one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.tenants.modelos import ModeloWhatsApp
from alquimista.prospeccao.disparos.domain import Fatos, Limites, Ritmo
from alquimista.prospeccao.disparos.horario import fuso_do_lead
from alquimista.prospeccao.disparos.modelos import escolher, impedimento
from alquimista.prospeccao.finalidades.consulta import decisoes
from alquimista.prospeccao.finalidades.domain import FINALIDADE_DO_TIPO, Decisao
from alquimista.runtime.ports import Ports

_HORA = timedelta(hours=1)
_DIA = timedelta(hours=24)
_FACTS = """
        (SELECT max(created_at) FROM nigredo_leads.interacoes
         WHERE tenant_id = :tenant AND lead_id = :lead AND tipo = 'recebido') AS ultima_recebida,
        EXISTS (SELECT 1 FROM nigredo_leads.blocklist WHERE tenant_id = :tenant AND (
            lead_id = :lead OR email_hmac = :email_hmac OR telefone_hmac = :telefone_hmac))
            AS suprimido,
        (SELECT status <> 'ativo' FROM alquimista_platform.tenants WHERE id = :tenant)
            AS tenant_suspenso,
        c.status AS campanha_status,
        EXISTS (SELECT 1 FROM nigredo_leads.aprovacoes a
                WHERE a.tenant_id = :tenant AND a.ref_id = c.id
                  AND a.conteudo_hash = c.conteudo_hash AND a.status = 'aprovada') AS aprovada
"""
_PACE = """
        janelas.na_hora, janelas.no_dia, janelas.enche_hora, janelas.enche_dia,
        (SELECT ultimo_autorizado_em FROM nigredo_leads.disparo_ritmos
         WHERE tenant_id = :tenant) AS ultimo,
        (SELECT max(autorizado_em) FROM nigredo_leads.disparos WHERE tenant_id = :tenant
         AND lead_id = :lead AND tipo = 'prospeccao') AS ultimo_ao_lead
"""
_WINDOWS = """
    CROSS JOIN (
        SELECT count(*) FILTER (WHERE autorizado_em > :desde_hora) AS na_hora,
            count(*) AS no_dia,
            (array_agg(autorizado_em ORDER BY autorizado_em DESC)
             FILTER (WHERE autorizado_em > :desde_hora))[:por_hora] AS enche_hora,
            (array_agg(autorizado_em ORDER BY autorizado_em DESC))[:por_dia] AS enche_dia
        FROM nigredo_leads.disparos
        WHERE tenant_id = :tenant AND tipo = 'prospeccao' AND autorizado_em > :desde_dia
    ) AS janelas
"""
_CAMPAIGN = """
    FROM (SELECT 1) AS um LEFT JOIN nigredo_leads.campanhas c
        ON c.tenant_id = :tenant AND c.id = :campanha
"""
_ANSWER = text(f"SELECT {_FACTS} {_CAMPAIGN}")
_PROSPECTING = text(f"SELECT {_FACTS}, {_PACE} {_CAMPAIGN} {_WINDOWS}")


@dataclass(frozen=True, slots=True)
class Ambiente:
    """The tenant's side of the gate."""

    fuso: str
    sandbox: bool
    limites: Limites
    modelos: tuple[ModeloWhatsApp, ...] = ()
    vendedor: str = ""
    conta: str = ""


def modelo_de(
    disparo: Row[Any], lead: Row[Any], ambiente: Ambiente
) -> tuple[ModeloWhatsApp | None, Mapping[str, str]]:
    """The template that would carry a WhatsApp message, and what fills its places."""
    if disparo.canal != "whatsapp":
        return None, {}
    valores = {
        "mensagem": disparo.mensagem,
        "contato": lead.contato or "",
        "empresa": lead.empresa or "",
        "vendedor": ambiente.vendedor,
        "conta": ambiente.conta,
    }
    modelo = escolher(ambiente.modelos, disparo.campanha_id, disparo.etapa, disparo.tipo)
    return modelo, valores


def of_lead(
    ports: Ports,
    uow: UnitOfWork,
    disparo: Row[Any],
    lead: Row[Any],
    ambiente: Ambiente,
    canal_sandbox: bool,
) -> Fatos:
    """The facts of a message to a lead."""
    modelo, valores = modelo_de(disparo, lead, ambiente)
    prospecting = disparo.tipo == "prospeccao"
    limites = ambiente.limites
    found = uow.connection.execute(
        _PROSPECTING if prospecting else _ANSWER,
        {
            "tenant": uow.tenant_id,
            "lead": lead.id,
            "campanha": disparo.campanha_id,
            "email_hmac": ports.digest("email", lead.email_norm) if lead.email_norm else None,
            "telefone_hmac": ports.digest("telefone", lead.telefone_norm)
            if lead.telefone_norm
            else None,
            "desde_hora": uow.agora - _HORA,
            "desde_dia": uow.agora - _DIA,
            "por_hora": limites.por_hora,
            "por_dia": limites.por_dia,
        },
    ).one()
    base = _decision(uow, disparo, lead)
    return Fatos(
        destino=lead.email if disparo.canal == "email" else (lead.whatsapp_id or lead.telefone),
        suprimido=found.suprimido,
        status_lead=lead.status,
        fuso=fuso_do_lead(lead.telefone, lead.uf, ambiente.fuso),
        uf=lead.uf,
        base_legal=base.base_legal if base is not None else None,
        base_recusada=base.motivo if base is not None and not base.permitido else None,
        opt_in_whatsapp=bool(lead.metadata.get("opt_in_whatsapp")),
        ultima_mensagem_do_lead=found.ultima_recebida,
        modelo=modelo.nome if modelo is not None else None,
        impedimento_do_modelo=impedimento(modelo, valores) if modelo is not None else None,
        campanha_status=found.campanha_status,
        aprovacao_vale=found.aprovada,
        respondeu=found.ultima_recebida is not None,
        assumido_por_pessoa=_taken_over(disparo, lead),
        pausado=lead.pausado,
        limites=limites,
        ritmo=_pace(found) if prospecting else Ritmo(),
        ultimo_ao_lead=found.ultimo_ao_lead if prospecting else None,
        tenant_sandbox=ambiente.sandbox,
        tenant_suspenso=found.tenant_suspenso,
        canal_sandbox=canal_sandbox,
    )


def without_lead(disparo: Row[Any], ambiente: Ambiente, canal_sandbox: bool) -> Fatos:
    """The facts of a message to people of the tenant, or to addresses kept in the row."""
    return Fatos(
        destino=(disparo.destinatarios or [None])[0],
        suprimido=False,
        status_lead="",
        fuso=ambiente.fuso,
        limites=ambiente.limites,
        tenant_sandbox=ambiente.sandbox,
        canal_sandbox=canal_sandbox,
    )


def _decision(uow: UnitOfWork, disparo: Row[Any], lead: Row[Any]) -> Decisao | None:
    """Whether the purpose that a message serves may use the lead's data; None where it has none."""
    finalidade = FINALIDADE_DO_TIPO.get(disparo.tipo)
    if finalidade is None:
        return None
    return decisoes(uow, [lead.id], finalidade)[lead.id]


def _taken_over(disparo: Row[Any], lead: Row[Any]) -> bool:
    """The fencing token (decision 21): an answer is of the conversation as it was when written."""
    if disparo.token_conversa is None:
        return lead.assumido_por is not None
    stale: bool = disparo.token_conversa != lead.token_conversa
    return stale


def _pace(row: Row[Any]) -> Ritmo:
    """The rolling windows (decision 15): they count authorisations of prospecting messages."""
    return Ritmo(
        na_hora=row.na_hora,
        no_dia=row.no_dia,
        libera_hora=row.enche_hora + _HORA if row.enche_hora is not None else None,
        libera_dia=row.enche_dia + _DIA if row.enche_dia is not None else None,
        ultimo=row.ultimo,
    )
