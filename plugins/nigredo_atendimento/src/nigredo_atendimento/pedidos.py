"""What a lead may ask of the conversation itself: a person, the truth, another hour."""

from __future__ import annotations

import re

from nigredo_atendimento.leitura import plano

_ROBO = re.compile(
    r"\b(?:voce|vc|tu|isso|isto|aqui|estou|to|falo|falando|conversando|e|sera|essa mensagem|"
    r"esse atendimento)\b(?: \w+){0,4} (?:robo|robos|bot|bots|chatbot|ia|inteligencia artificial|"
    r"maquina|automatic[oa]|automatizad[oa]|chatgpt|gpt|(?:pessoa|gente) de verdade|"
    r"(?:pessoa|gente) real|ser humano|humano|humana)\b"
)
_ROBO_CURTO = re.compile(r"^(?:e |eh )?(?:um |uma )?(?:robo|bot|ia|chatbot|humano|pessoa)(?: ne)?$")
_PESSOA = re.compile(
    r"\b(?:(?:quero|queria|prefiro|preferia|gostaria de|preciso|posso|podemos|da para|pra|tem como|"
    r"me deixa|deixa eu|consigo) (?:\w+ ){0,2}?(?:falar|conversar|tratar|ser atendid[oa])"
    r"(?: \w+)? (?:com|por) (?:(?:um|uma|o|a|algum|alguma|outro|outra) )?|"
    r"(?:me )?(?:passa|transfere|transfira|chama|chame|coloca|encaminha|encaminhe|manda)"
    r"(?: \w+)? (?:para |pra |pro |com |ao? )?(?:(?:um|uma|o|a|algum|alguma) )?|"
    r"^(?:(?:um|uma|o|a) )?)"
    r"(?:atendente|humano|humana|pessoa|pessoas|gente de verdade|ser humano|alguem|gerente|"
    r"supervisor|supervisora|responsavel|atendimento humano)\b(?! (?:que me ligue|para marcar))"
)
_HORARIO = re.compile(
    r"\b(?:segunda|terca|quarta|quinta|sexta|sabado|domingo|amanha|hoje|dia \d+|"
    r"\d{1,2} ?h(?:\d{2})?|"
    r"\d{1,2}|as \w+ horas|manha|tarde|noite|horario|horarios|opcao|opcoes|primeir[oa]|segund[oa]|"
    r"terceir[oa]|ultim[oa]|semana que vem|proxima semana|nenhum|nenhuma|qualquer um|"
    r"meio dia|agenda|outro dia|tanto faz)\b"
)
_MUDAR = re.compile(
    r"\b(?:remarc\w+|reagend\w+|desmarc\w+|adiar|adiamos|antecipar|trocar o horario|"
    r"mudar (?:o|a|de) (?:horario|dia|reuniao|data)|cancel\w+|nao (?:vou|vamos|vai|posso|consigo)"
    r"(?: mais)? (?:poder|conseguir|participar|comparecer|ir|dar)|outro (?:horario|dia)|"
    r"imprevisto)\b"
)


def pergunta_se_e_robo(texto: str) -> bool:
    """Does the lead ask whether a machine is writing? Asked, we tell the truth (decision 20)."""
    lido = plano(texto)
    return lido.pergunta and bool(_ROBO.search(lido.palavras) or _ROBO_CURTO.match(lido.palavras))


def pede_pessoa(texto: str) -> bool:
    """Does the lead ask to be attended by a person?"""
    return _PESSOA.search(plano(texto).palavras) is not None


def fala_de_horario(texto: str) -> bool:
    """Do the words name a day, an hour or one of the options that were offered?"""
    return _HORARIO.search(plano(texto).palavras) is not None


def quer_mudar_reuniao(texto: str) -> bool:
    """Does the lead want to move or cancel a meeting?"""
    return _MUDAR.search(plano(texto).palavras) is not None


def so_nega(texto: str) -> bool:
    """A bare no: with slots on the table it refuses the slots, not the conversation."""
    return (
        re.fullmatch(
            r"(?:nao|nenhum|nenhuma|nem)(?: (?:nao|obrigad[oa]|da|posso))?", plano(texto).palavras
        )
        is not None
    )
