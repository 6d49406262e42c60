"""The letters about access, in pt-BR, and the port that sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

from alquimista.db.session import UnitOfWork

PAPEIS_POR_EXTENSO = {
    "admin": "administração",
    "manager": "gerência",
    "operator": "operação",
    "viewer": "consulta",
}
_ADDRESS = re.compile(r"[:/\\@<>]|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Carta:
    """One letter to one address; ``texto`` may hold a secret link and is wiped once it is sent."""

    para: str
    assunto: str
    texto: str = field(repr=False)


class Correio(Protocol):
    """Hands a letter to the platform's sender, in the transaction of the unit of work."""

    def __call__(self, uow: UnitOfWork, carta: Carta, chave: UUID) -> None:
        """``chave`` makes the letter one, however often it is handed over."""


class Letters:
    """Writes the letters; ``url`` is the public address that their links begin with."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def confirmation(self, para: str, nome: str, token: str, validade: timedelta) -> Carta:
        """To somebody who signs up."""
        return Carta(
            para,
            "Confirme seu e-mail",
            f"Olá, {_line(nome)}.\n\n"
            "Para criar sua conta na Alquimista, confirme que este e-mail é seu:\n\n"
            f"{self._link('confirmar', token)}\n\n"
            f"O endereço vale por {_spelled(validade)} e só pode ser usado uma vez.\n"
            "Se não foi você quem pediu, ignore esta mensagem: nada será criado.",
        )

    def already_there(self, para: str, nome: str) -> Carta:
        """To the owner of an address that somebody signs up with again."""
        return Carta(
            para,
            "Você já tem uma conta",
            f"Olá, {_line(nome)}.\n\n"
            "Alguém pediu uma conta nova na Alquimista com este e-mail, que já tem uma.\n"
            "Se foi você, entre com a sua senha; se a esqueceu, peça uma nova na tela de entrada.\n"
            "Se não foi você, ignore esta mensagem: nada mudou.",
        )

    def recovery(self, para: str, token: str, validade: timedelta) -> Carta:
        """To somebody who forgot the password."""
        return Carta(
            para,
            "Troque sua senha",
            "Olá.\n\nRecebemos um pedido para trocar a senha da sua conta na Alquimista. "
            "Para escolher uma nova, abra:\n\n"
            f"{self._link('recuperar', token)}\n\n"
            f"O endereço vale por {_spelled(validade)} e só pode ser usado uma vez. Ao trocar a "
            "senha, todas as suas sessões são encerradas.\n"
            "Se não foi você quem pediu, ignore esta mensagem: sua senha continua a mesma.",
        )

    def password_changed(self, para: str) -> Carta:
        """To somebody whose password has just changed."""
        return Carta(
            para,
            "Sua senha foi trocada",
            "Olá.\n\nA senha da sua conta na Alquimista acaba de ser trocada e as outras sessões "
            "foram encerradas.\n"
            "Se não foi você, peça uma senha nova agora na tela de entrada e avise a administração "
            "da sua conta.",
        )

    def invitation(
        self, para: str, empresa: str, papel: str, token: str, validade: timedelta
    ) -> Carta:
        """To somebody who is invited to a tenant."""
        return Carta(
            para,
            f"Convite para a conta {_line(empresa)}",
            f"Olá.\n\nVocê foi convidado para a conta {_line(empresa)} na Alquimista, com o papel "
            f"de {PAPEIS_POR_EXTENSO[papel]}. Para aceitar, abra:\n\n"
            f"{self._link('convite', token)}\n\n"
            f"O convite vale por {_spelled(validade)}. Se você não esperava por ele, ignore esta "
            "mensagem.",
        )

    def _link(self, pagina: str, token: str) -> str:
        return f"{self._url}/{pagina}?{urlencode({'token': token})}"


def _line(texto: str) -> str:
    """One line of what somebody typed, without what would make it an address or markup."""
    return " ".join(_ADDRESS.sub(" ", texto).split())[:80]


def _spelled(validade: timedelta) -> str:
    hours = int(validade.total_seconds() // 3600)
    if hours % 24 == 0 and hours > 24:
        return f"{hours // 24} dias"
    return "1 hora" if hours == 1 else f"{hours} horas"
