"""The iCalendar invitation that the platform mails itself (decision 24).

RFC 5545 (iCalendar) and RFC 5546 (iTIP, METHOD:REQUEST). It never carries the briefing: the lead
reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from alquimista_sdk.models import Anexo, Horario, Lead, TenantFacts

TIPO_MIME = "text/calendar; method=REQUEST; charset=utf-8"
_LEMBRETE = timedelta(minutes=-30)


def convite(
    event_id: str, horario: Horario, lead: Lead, tenant: TenantFacts, agora: datetime
) -> Anexo:
    """An invitation from ``tenant.email_remetente`` to ``lead.email``; both must be set.

    ``event_id`` is the calendar's own id, so that the two entries are one meeting.
    """
    evento = Event()
    evento.add("uid", event_id)
    evento.add("dtstamp", agora.astimezone(UTC))
    evento.add("dtstart", horario.inicio.astimezone(UTC))
    evento.add("dtend", horario.fim.astimezone(UTC))
    evento.add("summary", f"Conversa: {tenant.nome} e {lead.empresa}")
    evento.add("status", "CONFIRMED")
    evento.add("sequence", 0)
    evento.add("transp", "OPAQUE")
    evento.add("organizer", _pessoa(tenant.email_remetente, tenant.nome))
    participante = _pessoa(lead.email or "", lead.contato or lead.empresa)
    participante.params["ROLE"] = vText("REQ-PARTICIPANT")
    participante.params["PARTSTAT"] = vText("NEEDS-ACTION")
    participante.params["RSVP"] = vText("TRUE")
    evento.add("attendee", participante)
    evento.add_component(_lembrete())
    agenda = Calendar()
    agenda.add("prodid", "-//Alquimista//Agendamento//PT")
    agenda.add("version", "2.0")
    agenda.add("calscale", "GREGORIAN")
    agenda.add("method", "REQUEST")
    agenda.add_component(evento)
    return Anexo("convite.ics", TIPO_MIME, agenda.to_ical())


def _pessoa(email: str, nome: str) -> vCalAddress:
    endereco = vCalAddress(f"mailto:{email}")
    endereco.params["CN"] = vText(nome)
    return endereco


def _lembrete() -> Alarm:
    lembrete = Alarm()
    lembrete.add("action", "DISPLAY")
    lembrete.add("description", "Lembrete da conversa")
    lembrete.add("trigger", _LEMBRETE)
    return lembrete
