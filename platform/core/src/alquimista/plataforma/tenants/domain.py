"""A tenant's settings: what they may be, and what they are where nobody has chosen yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alquimista.plataforma.tenants.consentimento import FINALIDADE, Aprendizado
from alquimista.plataforma.tenants.leitura import (
    ConfiguracaoInvalida,
    flag_of,
    integer_of,
    object_of,
    optional_text_of,
    text_of,
    texts_of,
)
from alquimista.plataforma.tenants.modelos import ModeloWhatsApp, check_modelos, read_modelos
from alquimista.plataforma.tenants.redacao import EMBUTIDO, read_redator
from alquimista_sdk.models import Janela, PerfilIdeal, TenantFacts

FUSO_PADRAO = "America/Sao_Paulo"
_SIGLAS = "AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO"
UFS = frozenset(_SIGLAS[start : start + 2] for start in range(0, len(_SIGLAS), 3))
PALAVRAS_DESCADASTRO = (
    "pare",
    "parar",
    "stop",
    "descadastre",
    "descadastrar",
    "remover",
    "não quero",
    "não tenho interesse",
    "lgpd",
    "dados pessoais",
)
"""The owner's list. Words are evidence in context, never matched as substrings (decision 19)."""
MAX_POR_HORA = 100
MAX_POR_DIA = 500
PAUSA_MINIMA_S = 2
_EMAIL = re.compile(r"^[^@\s<>\"',;]+@[^@\s<>\"',;]+\.[^@\s<>\"',;]+$")
_DDD = re.compile(r"^[1-9][1-9]$")
_ENTRE = "escolha um número de {} a {}"
_UTEIS = range(5)


@dataclass(frozen=True, slots=True)
class LimitesDeEnvio:
    """Pace of sending: messages in any rolling hour and day, seconds between two (decision 15)."""

    por_hora: int = MAX_POR_HORA
    por_dia: int = MAX_POR_DIA
    pausa_s: int = PAUSA_MINIMA_S

    def __post_init__(self) -> None:
        _between("limites.por_hora", self.por_hora, 1, MAX_POR_HORA)
        _between("limites.por_dia", self.por_dia, 1, MAX_POR_DIA)
        _between("limites.pausa_s", self.pausa_s, PAUSA_MINIMA_S, 3600)

    @property
    def pausa(self) -> timedelta:
        """The pause between two messages."""
        return timedelta(seconds=self.pausa_s)


@dataclass(frozen=True, slots=True)
class CanaisDoTenant:
    """Addresses by which what comes in finds its tenant: an e-mail, a WhatsApp phone number id."""

    email: str | None = None
    whatsapp: str | None = None

    def __post_init__(self) -> None:
        if self.email is not None:
            _email("canais.email", self.email)
        if self.whatsapp is not None and not self.whatsapp.isdigit():
            raise ConfiguracaoInvalida(
                "canais.whatsapp", "informe o identificador numérico do número na Meta"
            )


def _padrao_de_atendimento() -> tuple[Janela, ...]:
    """Monday to Friday, 9 to 12 and 14 to 17."""
    turnos = ((time(9), time(12)), (time(14), time(17)))
    return tuple(Janela(dia, inicio, fim) for dia in _UTEIS for inicio, fim in turnos)


@dataclass(frozen=True, slots=True)
class Configuracoes:
    """Every setting of a tenant, valid by construction.

    Raises:
        ConfiguracaoInvalida: at construction, naming the first wrong field.
    """

    email_remetente: str = "contato@alquimista.example"
    nome_vendedor: str = ""
    emails_gestores: tuple[str, ...] = ()
    tom_marca: str = "consultivo e cordial"
    ddd_padrao: str | None = None
    perfil_ideal: PerfilIdeal = field(default_factory=PerfilIdeal)
    disponibilidade: tuple[Janela, ...] = field(default_factory=_padrao_de_atendimento)
    calendario_id: str = "principal"
    palavras_descadastro: tuple[str, ...] = PALAVRAS_DESCADASTRO
    palavras_proibidas: tuple[str, ...] = ()
    divulgacao_automatica: bool = False
    limites: LimitesDeEnvio = field(default_factory=LimitesDeEnvio)
    canais: CanaisDoTenant = field(default_factory=CanaisDoTenant)
    modelos_whatsapp: tuple[ModeloWhatsApp, ...] = ()
    retencao_dias: int = 730
    exigir_segundo_fator: bool = False
    aprendizado: Aprendizado = field(default_factory=Aprendizado)
    redator: str = EMBUTIDO

    def __post_init__(self) -> None:
        _email("email_remetente", self.email_remetente)
        for address in self.emails_gestores:
            _email("emails_gestores", address)
        if self.ddd_padrao is not None and not _DDD.match(self.ddd_padrao):
            raise ConfiguracaoInvalida("ddd_padrao", "informe os dois algarismos do DDD")
        if not self.tom_marca.strip():
            raise ConfiguracaoInvalida("tom_marca", "descreva o tom da marca")
        if not self.calendario_id.strip():
            raise ConfiguracaoInvalida("calendario_id", "informe o calendário das reuniões")
        for name in ("palavras_descadastro", "palavras_proibidas"):
            if not all(word.strip() for word in getattr(self, name)):
                raise ConfiguracaoInvalida(name, "há uma palavra vazia na lista")
        if not self.aprendizado.valido:
            raise ConfiguracaoInvalida("aprendizado.finalidade", f"escreva “{FINALIDADE}”")
        _between("retencao_dias", self.retencao_dias, 30, 3650)
        check_modelos(self.modelos_whatsapp)
        read_redator("redator", self.redator)
        _perfil(self.perfil_ideal)
        _disponibilidade(self.disponibilidade)

    def facts(self, tenant_id: UUID, nome: str, fuso_horario: str, sandbox: bool) -> TenantFacts:
        """What agents may know of the tenant."""
        return TenantFacts(
            id=tenant_id,
            nome=nome,
            fuso_horario=fuso_horario,
            email_remetente=self.email_remetente,
            emails_gestores=self.emails_gestores,
            tom_marca=self.tom_marca,
            ddd_padrao=self.ddd_padrao,
            perfil_ideal=self.perfil_ideal,
            disponibilidade=self.disponibilidade,
            calendario_id=self.calendario_id,
            palavras_descadastro=self.palavras_descadastro,
            palavras_proibidas=self.palavras_proibidas,
            divulgacao_automatica=self.divulgacao_automatica,
            sandbox=sandbox,
            redator=self.redator,
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object of the column ``configuracoes``."""
        perfil = self.perfil_ideal
        return {
            "email_remetente": self.email_remetente,
            "nome_vendedor": self.nome_vendedor,
            "emails_gestores": list(self.emails_gestores),
            "tom_marca": self.tom_marca,
            "ddd_padrao": self.ddd_padrao,
            "perfil_ideal": {
                "setores": sorted(perfil.setores),
                "portes": sorted(perfil.portes),
                "ufs": sorted(perfil.ufs),
                "idade_minima": perfil.idade_minima,
                "idade_maxima": perfil.idade_maxima,
            },
            "disponibilidade": [
                {
                    "dia_semana": janela.dia_semana,
                    "inicio": janela.inicio.isoformat("minutes"),
                    "fim": janela.fim.isoformat("minutes"),
                }
                for janela in self.disponibilidade
            ],
            "calendario_id": self.calendario_id,
            "palavras_descadastro": list(self.palavras_descadastro),
            "palavras_proibidas": list(self.palavras_proibidas),
            "divulgacao_automatica": self.divulgacao_automatica,
            "limites": {
                "por_hora": self.limites.por_hora,
                "por_dia": self.limites.por_dia,
                "pausa_s": self.limites.pausa_s,
            },
            "canais": {"email": self.canais.email, "whatsapp": self.canais.whatsapp},
            "modelos_whatsapp": [modelo.to_json() for modelo in self.modelos_whatsapp],
            "retencao_dias": self.retencao_dias,
            "exigir_segundo_fator": self.exigir_segundo_fator,
            "aprendizado": self.aprendizado.to_json(),
            "redator": self.redator,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Configuracoes:
        """Read what ``to_json`` wrote, or part of it: what is missing takes its default.

        Raises:
            ConfiguracaoInvalida: a field is unknown, has the wrong type or a wrong value.
        """
        unknown = sorted(set(raw) - set(_READERS))
        if unknown:
            raise ConfiguracaoInvalida(unknown[0], "esta configuração não existe")
        return cls(**{name: _READERS[name](name, value) for name, value in raw.items()})

    def changed(self, part: Mapping[str, Any]) -> Configuracoes:
        """These settings with a part replaced, as RFC 7396 merges JSON: null takes the default.

        Raises: as ``from_json``.
        """
        return type(self).from_json(merged(self.to_json(), part))

    @classmethod
    def from_column(cls, raw: Mapping[str, Any]) -> Configuracoes:
        """Read the column, leaving out what this version of the code does not know yet.

        After a rollback old code reads settings that newer code wrote.
        """
        return cls.from_json(_known_part(raw, cls().to_json()))


def merged(whole: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with a merge patch (RFC 7396) applied."""
    found = dict(whole)
    for name, value in part.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            before = found.get(name)
            found[name] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            found[name] = value
    return found


def check_fuso(fuso: str) -> str:
    """The IANA zone. Raises ``ConfiguracaoInvalida`` where there is no such zone."""
    try:
        ZoneInfo(fuso)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfiguracaoInvalida("fuso_horario", f"não existe o fuso {fuso!r}") from error
    return fuso


def _known_part(raw: Any, shape: Any) -> Any:
    if isinstance(raw, Mapping) and isinstance(shape, Mapping):
        return {name: _known_part(raw[name], shape[name]) for name in raw if name in shape}
    if isinstance(raw, list) and isinstance(shape, list) and shape:
        return [_known_part(item, shape[0]) for item in raw]
    return raw


def _between(campo: str, value: int, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfiguracaoInvalida(campo, _ENTRE.format(least, most))


def _email(campo: str, value: str) -> None:
    if len(value) > 255 or not _EMAIL.match(value):
        raise ConfiguracaoInvalida(campo, "informe um e-mail válido")


def _perfil(perfil: PerfilIdeal) -> None:
    wrong = sorted(perfil.ufs - UFS)
    if wrong:
        raise ConfiguracaoInvalida("perfil_ideal.ufs", f"não existe a UF {wrong[0]!r}")
    for name in ("idade_minima", "idade_maxima"):
        value = getattr(perfil, name)
        if value is not None:
            _between(f"perfil_ideal.{name}", value, 0, 300)
    least, most = perfil.idade_minima, perfil.idade_maxima
    if least is not None and most is not None and least > most:
        raise ConfiguracaoInvalida("perfil_ideal.idade_minima", "é maior que a idade máxima")


def _disponibilidade(janelas: Sequence[Janela]) -> None:
    ordered = sorted(janelas, key=lambda janela: (janela.dia_semana, janela.inicio))
    for janela in ordered:
        _between("disponibilidade.dia_semana", janela.dia_semana, 0, 6)
        if janela.inicio >= janela.fim:
            raise ConfiguracaoInvalida("disponibilidade", "o início deve vir antes do fim")
    for before, after in pairwise(ordered):
        if before.dia_semana == after.dia_semana and after.inicio < before.fim:
            raise ConfiguracaoInvalida("disponibilidade", "há horários que se sobrepõem")


def _read_perfil(campo: str, value: Any) -> PerfilIdeal:
    raw = object_of(campo, value, ("setores", "portes", "ufs", "idade_minima", "idade_maxima"))

    def texts(name: str) -> frozenset[str]:
        return frozenset(texts_of(f"{campo}.{name}", raw.get(name, ())))

    def age(name: str) -> int | None:
        return None if raw.get(name) is None else integer_of(f"{campo}.{name}", raw[name])

    return PerfilIdeal(
        setores=texts("setores"),
        portes=texts("portes"),
        ufs=texts("ufs"),
        idade_minima=age("idade_minima"),
        idade_maxima=age("idade_maxima"),
    )


def _read_janelas(campo: str, value: Any) -> tuple[Janela, ...]:
    if not isinstance(value, list | tuple):
        raise ConfiguracaoInvalida(campo, "informe uma lista de horários")
    found = []
    for item in value:
        raw = object_of(campo, item, ("dia_semana", "inicio", "fim"))
        dia = integer_of(f"{campo}.dia_semana", raw.get("dia_semana"))
        found.append(Janela(dia, _hora(campo, raw.get("inicio")), _hora(campo, raw.get("fim"))))
    return tuple(found)


def _hora(campo: str, value: Any) -> time:
    try:
        found = time.fromisoformat(text_of(campo, value))
    except ValueError as error:
        raise ConfiguracaoInvalida(campo, "informe a hora como 09:00") from error
    if found.tzinfo is not None:
        raise ConfiguracaoInvalida(campo, "informe a hora local, sem fuso")
    return found


def _read_limites(campo: str, value: Any) -> LimitesDeEnvio:
    raw = object_of(campo, value, ("por_hora", "por_dia", "pausa_s"))
    return LimitesDeEnvio(**{name: integer_of(f"{campo}.{name}", raw[name]) for name in raw})


def _read_canais(campo: str, value: Any) -> CanaisDoTenant:
    raw = object_of(campo, value, ("email", "whatsapp"))
    return CanaisDoTenant(**{name: optional_text_of(f"{campo}.{name}", raw[name]) for name in raw})


def _read_aprendizado(campo: str, value: Any) -> Aprendizado:
    raw = object_of(campo, value, ("ativo", "finalidade"))
    finalidade = optional_text_of(f"{campo}.finalidade", raw.get("finalidade"))
    return Aprendizado(flag_of(f"{campo}.ativo", raw.get("ativo", False)), finalidade)


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "email_remetente": text_of,
    "nome_vendedor": text_of,
    "emails_gestores": texts_of,
    "tom_marca": text_of,
    "ddd_padrao": optional_text_of,
    "perfil_ideal": _read_perfil,
    "disponibilidade": _read_janelas,
    "calendario_id": text_of,
    "palavras_descadastro": texts_of,
    "palavras_proibidas": texts_of,
    "divulgacao_automatica": flag_of,
    "limites": _read_limites,
    "canais": _read_canais,
    "modelos_whatsapp": read_modelos,
    "retencao_dias": integer_of,
    "exigir_segundo_fator": flag_of,
    "aprendizado": _read_aprendizado,
    "redator": read_redator,
}
