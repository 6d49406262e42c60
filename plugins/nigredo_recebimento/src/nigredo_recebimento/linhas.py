"""A raw row becomes a cleaned lead, or a reject with its class and cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from alquimista_sdk.models import LeadHigienizado, LinhaBruta, Rejeito
from nigredo_recebimento import cnpj as cnpjs
from nigredo_recebimento.email import Email, corporativo, normalizar_email
from nigredo_recebimento.pessoa import parece_nome_de_pessoa
from nigredo_recebimento.porte import normalizar_porte, normalizar_uf, separar_cidade
from nigredo_recebimento.telefone import Telefone, normalizar_telefone
from nigredo_recebimento.texto import limpo, limpo_repetido

LIMITES: Final[Mapping[str, int]] = {
    "empresa": 255,
    "contato": 255,
    "setor": 100,
    "atividade_principal": 500,
    "cidade": 120,
}
"""The longest text that each column takes."""
_EMPRESA, _CONTATO, _SETOR, _ATIVIDADE, _CIDADE = LIMITES.values()
_NENHUM: Final = (None, None)
_EXTRAS_MAXIMO, _EXTRA_TAMANHO = 20, 300
_NO_MESSAGE_LONGER: Final = 60


class Higienizador:
    """Cleans the rows of one import, in order, and remembers which it has seen.

    ``ddd_padrao`` completes phones without an area code. ``cnpj_invalido`` is ``rejeitar`` (a wrong
    CNPJ rejects the row) or ``avisar`` (the lead is taken without it).
    """

    def __init__(self, ddd_padrao: str | None = None, cnpj_invalido: str = "rejeitar") -> None:
        self._ddd_padrao = ddd_padrao
        self._rejeitar_cnpj = cnpj_invalido == "rejeitar"
        self._vistos: dict[str, tuple[str, int]] = {}

    def linhas(self, brutas: Iterable[LinhaBruta]) -> Iterator[LeadHigienizado | Rejeito]:
        """Clean rows one by one; rows without any value are passed over."""
        for bruta in brutas:
            limpa = self.linha(bruta)
            if isinstance(limpa, LeadHigienizado) or any(map(limpo, bruta.valores.values())):
                yield limpa

    def linha(self, bruta: LinhaBruta) -> LeadHigienizado | Rejeito:
        """Clean one row. Required are empresa and one valid channel."""
        valores = bruta.valores
        empresa = limpo(valores.get("empresa"))
        if not empresa:
            return _rejeito(bruta, "empresa", "invalid_data", "Falta o nome da empresa")
        avisos: list[str] = []
        cnpj = self._cnpj(bruta, limpo(valores.get("cnpj")), empresa, avisos)
        if isinstance(cnpj, Rejeito):
            return cnpj
        email = _email(limpo(valores.get("email")), avisos)
        telefone = self._telefone(limpo(valores.get("telefone")), avisos)
        if cnpj is None and self._pessoa_fisica(empresa, email, valores):
            return _rejeito(
                bruta,
                "empresa",
                "blocked_pf",
                "A linha parece de uma pessoa física, não de empresa",
            )
        if email is None and telefone is None:
            return _sem_canal(bruta)
        repetida = self._repetida(bruta, email, telefone)
        if repetida is not None:
            return repetida
        return _lead(bruta, empresa, cnpj, email, telefone, avisos)

    def _cnpj(
        self, bruta: LinhaBruta, texto: str, empresa: str, avisos: list[str]
    ) -> str | Rejeito | None:
        if not texto:
            if len(empresa) > 11 and cnpjs.contem_cpf(empresa):
                return _rejeito(bruta, "empresa", "blocked_pf", "O nome traz o CPF de uma pessoa")
            return None
        if len(texto) < 18 and cnpjs.e_cpf(texto):
            mensagem = "Há um CPF no lugar do CNPJ: pessoas físicas não são prospectadas"
            return _rejeito(bruta, "cnpj", "blocked_pf", mensagem)
        cnpj = cnpjs.normalizar_cnpj(texto)
        if cnpj is None:
            if self._rejeitar_cnpj:
                return _rejeito(bruta, "cnpj", "invalid_data", f"CNPJ inválido: “{_curto(texto)}”")
            avisos.append("invalid_cnpj")
        return cnpj

    def _telefone(self, texto: str, avisos: list[str]) -> Telefone | None:
        if not texto:
            return None
        telefone = normalizar_telefone(texto, self._ddd_padrao)
        if telefone is None:
            avisos.append("invalid_phone")
        return telefone

    @staticmethod
    def _pessoa_fisica(empresa: str, email: Email | None, valores: Mapping[str, str]) -> bool:
        """A personal name, and nothing in the row that speaks for a company."""
        if not parece_nome_de_pessoa(empresa):
            return False
        if email is not None and corporativo(email.norm):
            return False
        return not any(
            limpo(valores.get(campo)) for campo in ("setor", "porte", "atividade_principal")
        )

    def _repetida(
        self, bruta: LinhaBruta, email: Email | None, telefone: Telefone | None
    ) -> Rejeito | None:
        chave = f"{email.norm if email else ''}|{telefone.norm if telefone else ''}"
        aqui = (bruta.planilha, bruta.linha)
        primeira = self._vistos.setdefault(chave, aqui)
        if primeira is aqui:
            return None
        onde = f"da linha {primeira[1]}"
        if primeira[0] != bruta.planilha:
            onde += f" da planilha “{primeira[0]}”"
        campo = "email" if email else "telefone"
        return _rejeito(bruta, campo, "duplicate", f"Repete o e-mail e o telefone {onde}")


def _email(texto: str, avisos: list[str]) -> Email | None:
    if not texto:
        return None
    email = normalizar_email(texto)
    if email is None:
        avisos.append("invalid_email")
    return email


def _sem_canal(bruta: LinhaBruta) -> Rejeito:
    """No valid channel: the message says of each filled cell what is wrong with it."""
    falhas = [
        f"{nome} inválido: “{_curto(texto)}”{_na_coluna(bruta, campo)}"
        for campo, nome in (("email", "e-mail"), ("telefone", "telefone"))
        if (texto := limpo(bruta.valores.get(campo)))
    ]
    primeiro = "email" if limpo(bruta.valores.get("email")) else "telefone"
    if not falhas:
        return _rejeito(bruta, None, "no_channel", "Não há e-mail nem telefone")
    mensagem = "Nenhum canal válido — " + "; ".join(falhas)
    return Rejeito(
        bruta.planilha, bruta.linha, bruta.colunas.get(primeiro), "no_channel", mensagem + "."
    )


def _rejeito(bruta: LinhaBruta, campo: str | None, classe: str, mensagem: str) -> Rejeito:
    coluna = bruta.colunas.get(campo) if campo else None
    onde = _na_coluna(bruta, campo) if campo else ""
    return Rejeito(bruta.planilha, bruta.linha, coluna, classe, f"{mensagem}{onde}.")


def _na_coluna(bruta: LinhaBruta, campo: str) -> str:
    coluna = bruta.colunas.get(campo)
    return f" (coluna {coluna})" if coluna else ""


def _curto(texto: str) -> str:
    if len(texto) <= _NO_MESSAGE_LONGER:
        return texto
    return texto[: _NO_MESSAGE_LONGER - 1] + "…"


def _cortados(textos: Iterable[str], avisos: list[str]) -> Iterator[str]:
    """The texts of ``LIMITES``'s columns, in its order, each no longer than its column takes."""
    for (campo, limite), texto in zip(LIMITES.items(), textos, strict=True):
        if len(texto) > limite:
            avisos.append(f"truncated_{campo}")
        yield texto[:limite].rstrip()


def _lead(
    bruta: LinhaBruta,
    empresa: str,
    cnpj: str | None,
    email: Email | None,
    telefone: Telefone | None,
    avisos: list[str],
) -> LeadHigienizado:
    valores = bruta.valores
    contato = limpo(valores.get("contato"))
    if not contato:
        avisos.append("incomplete_contact")
    setor = limpo_repetido(valores.get("setor"))
    atividade = limpo_repetido(valores.get("atividade_principal"))
    cidade, uf_da_cidade = separar_cidade(limpo_repetido(valores.get("cidade")))
    texto_uf = limpo_repetido(valores.get("uf"))
    uf = normalizar_uf(texto_uf) if texto_uf else uf_da_cidade
    if texto_uf and uf is None:
        avisos.append("invalid_uf")
    texto_porte = limpo_repetido(valores.get("porte"))
    porte = normalizar_porte(texto_porte) if texto_porte else None
    if (
        len(empresa) > _EMPRESA
        or len(contato) > _CONTATO
        or len(setor) > _SETOR
        or len(atividade) > _ATIVIDADE
        or len(cidade) > _CIDADE
    ):
        textos = (empresa, contato, setor, atividade, cidade)
        empresa, contato, setor, atividade, cidade = _cortados(textos, avisos)
    e164, telefone_norm = telefone or _NENHUM
    endereco, email_norm = email or _NENHUM
    # By position, in the order of the contract: by name it takes three times as long.
    return LeadHigienizado(
        empresa,
        bruta.planilha,
        bruta.linha,
        cnpj,
        contato or None,
        e164,
        telefone_norm,
        endereco,
        email_norm,
        setor or None,
        porte,
        atividade or None,
        cidade or None,
        uf,
        tuple(avisos),
        _metadata(bruta, texto_porte if porte is None else ""),
    )


def _metadata(bruta: LinhaBruta, porte_informado: str) -> Mapping[str, Any]:
    metadata: dict[str, Any] = {}
    if porte_informado:
        metadata["porte_informado"] = porte_informado[:50]
    if bruta.extras:
        extras = {
            limpo(nome)[:_EXTRA_TAMANHO]: texto[:_EXTRA_TAMANHO]
            for nome, valor in list(bruta.extras.items())[:_EXTRAS_MAXIMO]
            if (texto := limpo(valor))
        }
        if extras:
            metadata["extras"] = extras
    return metadata
