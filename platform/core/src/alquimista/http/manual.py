"""What the manual (OpenAPI) says of every operation beyond its schemas, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import BasePlugin

from alquimista.http.examples import error_name

PERMISSAO = "x-permissao"
CONFERE = "x-if-match"
INTRODUCAO = """Marketplace de agentes de prospecção B2B.

**Acesso.** Envie `Authorization: Bearer` com o token de `POST /api/auth/login` ou com uma chave
`alq_…`. Quem pertence a várias contas escolhe uma com `X-Tenant`. O que cada papel pode está em
`docs/permissions.md`.

**Listas.** `limite` (até 200), `ordenar` (um hífen na frente inverte) e `cursor`: passe o
`proximo` de uma página para receber a seguinte, na mesma ordem e com os mesmos filtros; `null`
encerra. `desde` e `ate` são momentos ISO 8601 com fuso (`2026-11-25T08:00:00-03:00`).

**Mudanças ao mesmo tempo.** Toda resposta traz `ETag`. Envie-o em `If-Match` ao mudar: se alguém
mudou antes, a resposta é 412 e nada muda. Em leituras, `If-None-Match` responde 304.

**Repetição segura.** Em `POST`, envie `Idempotency-Key` (1 a 255 caracteres): repetir a mesma
requisição devolve a mesma resposta, com `Idempotency-Replayed: true`, por 24 horas. A mesma chave
com outro corpo responde 422; com a primeira ainda em andamento, 409. Se o servidor cair no meio, em
um minuto a chave pode ser repetida: o que não foi feito é feito, e o que foi responde 409
`resposta_perdida`.

**Limites.** Por minuto, para cada pessoa ou chave e para a conta inteira: `RateLimit-Limit`,
`RateLimit-Remaining` e `RateLimit-Reset` (segundos). Acima deles, 429 com `Retry-After`.

**Corpos.** JSON em UTF-8 (RFC 8259), até 5 MB e 32 níveis, sem chaves repetidas e sem compressão.
Respostas são comprimidas com gzip a quem o aceita.

**Erros.** Sempre `{"code", "status", "message", "errors", "trace_id"}`: `status` é o nome estável,
`message` se mostra a uma pessoa, `errors` diz o campo, `trace_id` (também em `X-Trace-Id`) se
informa ao suporte. 401 sem acesso válido; 403 sem a permissão; 404 também para o que é de outra
conta; 409 fora de estado; 412 versão antiga; 422 dados inválidos; 429 acima do limite.
"""
_BODIES = ("files", "form", "json")
"""Where arguments come from that OpenAPI 3 shows as a body."""
_PARAMETROS: Mapping[str, str] = {
    "agendamento_id": "A reunião",
    "agent_id": "O agente, como `nigredo_recebimento`",
    "alvo_id": "Em que foi feito",
    "alvo_tipo": "O tipo do alvo, como `lead` ou `campanha`",
    "ator_id": "Quem fez: o id da pessoa, da chave, do agente ou do lead",
    "ator_tipo": "Que tipo de ator fez",
    "campanha_id": "A campanha",
    "canal": "O canal da mensagem",
    "classe": "A classe da rejeição",
    "ativo": "Só publicadas, ou só recolhidas",
    "conhecimento_id": "A entrada da base de conhecimento",
    "cursor": "O `proximo` da página anterior",
    "data": "O dia, AAAA-MM-DD",
    "convite_id": "O convite",
    "chave_id": "A chave",
    "dead_letter_id": "A mensagem morta",
    "depois_de": "Só mensagens depois desta ordem",
    "email": "O endereço de e-mail",
    "enriquecimento": "A situação do enriquecimento",
    "finalidade": "A finalidade, como `prospeccao`",
    "etiqueta": "Só com esta etiqueta",
    "fim": "O último dia, AAAA-MM-DD",
    "fusao_id": "A fusão",
    "importacao_id": "A importação",
    "interacao_id": "A mensagem",
    "inicio": "O primeiro dia, AAAA-MM-DD",
    "lead_id": "O lead",
    "limite": "Itens por página",
    "lote_id": "O lote",
    "motivo": "O motivo",
    "operacao": "A operação, como `sentimento.analisar`",
    "pausado": "Só pausados, ou só não pausados",
    "porte": "O porte da empresa",
    "prioridade_minima": "Só a partir desta prioridade",
    "resultado": "O resultado, como `ok` ou `recusado`",
    "servidor_id": "O servidor MCP",
    "setor": "O setor da empresa",
    "source": "A origem do evento",
    "status": "Só nesta situação",
    "tipo": "Recebida ou enviada",
    "token": "O segredo do link",
    "trace_id": "O rastreio",
    "type": "O tipo do evento",
    "entrega_id": "A entrega",
    "webhook_id": "O destino",
    "pedido_id": "O pedido",
    "tenant_id": "A conta",
    "uf": "A sigla do estado",
}


class Descriptions(BasePlugin):
    """Describes parameters whose schema does not; runs after what resolves the schemas."""

    def path_helper(
        self,
        path: str | None = None,
        operations: dict[str, Any] | None = None,
        parameters: list[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Describe what varies in a path."""
        _describe(parameters or [])

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Describe the parameters of a path's operations."""
        for operation in (operations or {}).values():
            _describe(operation.get("parameters", []))


def complete(doc: dict[str, Any], doc_info: Mapping[str, Any], method: str) -> dict[str, Any]:
    """An operation with its permission, its common headers and its common errors."""
    permission = doc_info.get("manual_doc", {}).get(PERMISSAO)
    given = [item for item in doc.get("parameters", []) if item.get("in") not in _BODIES]
    found = {**doc, "parameters": given}
    if "requestBody" in doc_info.get("manual_doc", {}):
        found.pop("requestBody", None)
    matched = method in ("patch", "put") or CONFERE in doc_info.get("manual_doc", {})
    found["description"] = " ".join(_told(permission, method, doc, matched))
    errors = {str(code): error_name(code) for code in _errors(permission, method, matched)}
    found["responses"] = {**errors, **doc.get("responses", {})}
    if permission is not None:
        if method == "post":
            found["parameters"].append(
                _header("Idempotency-Key", "Repetir a requisição com ela não a faz de novo", 255)
            )
        if matched:
            found["parameters"].append(
                _header("If-Match", "O ETag lido; 412 se o recurso mudou desde então", 400)
            )
    if not found["parameters"]:
        del found["parameters"]
    return found


def _told(permission: str | None, method: str, doc: Mapping[str, Any], matched: bool) -> list[str]:
    """What its description says: who may call it, and which common parts it takes."""
    if permission is None:
        return ["Sem credencial."]
    told = [f"Permissão: `{permission}`."]
    if method == "post":
        told.append("Aceita `Idempotency-Key`.")
    if matched:
        told.append("Aceita `If-Match`.")
    names = {str(item.get("name")) for item in doc.get("parameters", []) if isinstance(item, dict)}
    if "cursor" in names:
        told.append("Em páginas: passe `proximo` em `cursor`.")
    return told


def _errors(permission: str | None, method: str, matched: bool) -> list[int]:
    """The errors of its kind of operation; what else may happen is the default's."""
    if permission is None:
        return [429]
    found = [401, 403, 429]
    if method != "get":
        found.append(409)
    return [*found, 412] if matched else found


def _describe(parameters: list[dict[str, Any]]) -> None:
    for item in parameters:
        if item.get("name") in _PARAMETROS:
            item.setdefault("description", _PARAMETROS[item["name"]])


def _header(name: str, description: str, longest: int) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": False,
        "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": longest, "pattern": "^[!-~]+$"},
    }
