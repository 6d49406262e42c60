"""Every text that leads read, in plain pt-BR."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from alquimista_sdk.models import Horario, Lead, TenantFacts

_DIAS = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")
_FUSOS = {
    "America/Sao_Paulo": "horário de Brasília",
    "America/Fortaleza": "horário de Brasília",
    "America/Recife": "horário de Brasília",
    "America/Bahia": "horário de Brasília",
    "America/Belem": "horário de Brasília",
    "America/Manaus": "horário de Manaus",
    "America/Cuiaba": "horário de Cuiabá",
    "America/Campo_Grande": "horário de Campo Grande",
    "America/Porto_Velho": "horário de Porto Velho",
    "America/Boa_Vista": "horário de Boa Vista",
    "America/Rio_Branco": "horário do Acre",
    "America/Noronha": "horário de Fernando de Noronha",
}
DESISTENCIA = "Sem problema, obrigado por avisar! Se mudar de ideia, é só me chamar por aqui."
O_QUE_SERVE = "Sem problema. Que dia da semana e que horário costumam ser melhores para você?"
COM_UMA_PESSOA = (
    "Para não tomar mais o seu tempo, vou pedir que alguém da nossa equipe combine o horário "
    "diretamente com você."
)
SEM_AGENDA = (
    "Não tenho horários livres nos próximos dias. Vou pedir que alguém da nossa equipe combine "
    "uma data com você."
)
OCUPADO = "Esse horário acabou de ser ocupado, desculpe."
PASSOU = "Os horários que eu tinha oferecido já passaram."
SEM_ESSE_HORARIO = "Não tenho horário livre como você pediu. O que consigo oferecer é:"
COM_ESSE_HORARIO = "Claro! Estes são os horários que combinam com o que você pediu:"
PADRAO = "Que bom! Tenho estes horários para a nossa conversa:"


def quando(horario: Horario, fuso: str) -> str:
    """A slot as people say it: "terça, 24/11, às 10h30"."""
    local = horario.inicio.astimezone(ZoneInfo(fuso))
    return f"{_DIAS[local.weekday()]}, {local:%d/%m}, às {_hora(local)}"


def nome_do_fuso(fuso: str) -> str:
    """The zone as people call it, so that an hour is never read as another zone's."""
    return _FUSOS.get(fuso, f"fuso {fuso.rpartition('/')[2].replace('_', ' ')}")


def lista(horarios: Sequence[Horario], fuso: str) -> str:
    """The offered slots, numbered."""
    return "\n".join(f"{horario.numero}) {quando(horario, fuso)}" for horario in horarios)


def proposta(abertura: str, horarios: Sequence[Horario], fuso: str, duracao_min: int) -> str:
    """The message that offers slots."""
    if len(horarios) == 1:
        pergunta = "Serve para você? Se preferir outro dia ou horário, é só dizer."
    else:
        pergunta = "Qual prefere? Pode responder com o número, ou com outro dia e horário."
    duracao = f"A conversa leva cerca de {duracao_min} minutos ({nome_do_fuso(fuso)})."
    return f"{abertura}\n\n{lista(horarios, fuso)}\n\n{duracao} {pergunta}"


def de_novo(candidatos: Sequence[Horario], fuso: str) -> str:
    """The question after an answer that may mean more than one slot."""
    if len(candidatos) == 1:
        return f"Só para confirmar: {quando(candidatos[0], fuso)}? Posso marcar?"
    return (
        "Só para eu marcar certo, qual destes horários?\n\n"
        f"{lista(candidatos, fuso)}\n\nÉ só responder com o número."
    )


def confirmacao(horario: Horario, fuso: str, *, com_convite: bool) -> str:
    """The short confirmation in the conversation."""
    convite = " Enviei o convite para o seu e-mail." if com_convite else ""
    return (
        f"Combinado! Conversa marcada para {quando(horario, fuso)} ({nome_do_fuso(fuso)}).{convite}"
    )


def assunto_do_convite(tenant: TenantFacts, horario: Horario) -> str:
    """The subject of the invitation's e-mail."""
    return f"Convite: conversa com {tenant.nome}, {quando(horario, tenant.fuso_horario)}"


def corpo_do_convite(lead: Lead, tenant: TenantFacts, horario: Horario, duracao_min: int) -> str:
    """The text of the invitation's e-mail."""
    saudacao = f"Olá, {lead.contato.split()[0]}!" if lead.contato else "Olá!"
    return (
        f"{saudacao}\n\n"
        f"Nossa conversa está marcada para {quando(horario, tenant.fuso_horario)} "
        f"({nome_do_fuso(tenant.fuso_horario)}), com duração de cerca de {duracao_min} minutos.\n\n"
        "O convite vai anexado para a sua agenda. Se precisar mudar, é só responder a esta "
        f"mensagem.\n\n{tenant.nome}"
    )


def _hora(local: datetime) -> str:
    return f"{local.hour}h{local.minute:02d}" if local.minute else f"{local.hour}h"
