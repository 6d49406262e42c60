"""Opt-out: three outcomes, from words in context."""

from __future__ import annotations

import pytest

from nigredo_sentimento.analise import analisar
from nigredo_sentimento.descadastro import PALAVRAS_DO_DESENHO, detectar
from nigredo_sentimento.texto import preparar

CERTOS = (
    "Pare de me mandar mensagem",
    "Parem, por favor, de me enviar isso",
    "me tira dessa lista aí",
    "SAIR",
    "stop",
    "Descadastrar, por favor",
    "me discadastra",
    "Como faço pra sair dessa lista?",
    "Não me mandem mais nada",
    "num me manda mais nada não",
    "Solicito a exclusão dos meus dados, conforme a LGPD",
    "Não quero mais receber propaganda de vocês",
    "Não autorizo o uso dos meus dados",
    "Apaguem meu telefone do cadastro",
    "me deixem em paz",
    "esquece meu número",
    "Chega de spam!",
    "já pedi pra parar",
    "Mais uma mensagem e eu denuncio no Procon",
    "unsubscribe",
    "please remove me from your list",
    "Sem mais contatos, por gentileza.",
    "desejo cancelar o recebimento destes e-mails",
    "prefiro não receber mais",
    "tira eu dessa lista",
    "Não entrem mais em contato",
    "vou processar vocês se me ligarem de novo",
    "dá pra parar de me mandar mensagem?",
    "quero sair",
    "tirem meu número daí",
    "Revogo o consentimento que dei",
    "sai da minha caixa de entrada",
    "larga do meu pé",
)
NENHUM = (
    "Parece bom, quero ver",
    "Preciso preparar a equipe antes",
    "São adequados à LGPD?",
    "Como vocês tratam os dados pessoais dos clientes?",
    "Quero parar de pagar caro",
    "Não quero parar de receber as novidades",
    "Não precisa me tirar da lista",
    "Me tira uma dúvida?",
    "Dá pra tirar meu nome do Serasa?",
    "Não me chama a atenção",
    "Não me ligue antes das 14h",
    "Consigo cancelar quando quiser?",
    "Quero cancelar meu contrato com a operadora",
    "Nossos clientes pedem pra parar de receber SMS, vocês resolvem?",
    "Vocês bloqueiam spam?",
    "Quero sair do vermelho",
    "Para mim está ótimo",
    "Vou parar na sexta para ver a demonstração",
    "Não quero receber boleto pelo correio",
    "Não tenho interesse, obrigado",
    "Não, obrigado",
    "Quem passou meu número?",
    "Consigo remover usuários depois?",
    "Precisa parar a produção para instalar?",
    "Não me mandaram a proposta ainda",
    "Não quero ficar de fora, me inclui",
    "Cancela a reunião de quinta",
    "Vocês retiram no local?",
    "Onde ficam guardados os dados pessoais?",
    "O sistema envia mensagem para o cliente?",
    "Nosso jurídico vai avaliar o contrato",
    "Não quero ligação gravada, pode ser reunião presencial?",
    "Pode excluir o item 3 do orçamento",
    "Esquece o que falei, vamos fechar",
    "Não mande por e-mail, manda no WhatsApp",
    "Não envie o boleto ainda",
    "Não precisa mandar o técnico, já resolvi",
    "Não desiste de mim, vou comprar",
    "Vamos fazer quinta e que seja a última remarcação",
    "A porta do freezer não fecha direito",
)
INCERTOS = (
    "Que insistência, vou falar com meu advogado",
    "número errado",
    "LGPD",
    "vocês não param de me ligar",
    "vou bloquear",
    "tira",
)


@pytest.mark.parametrize("texto", CERTOS)
def test_a_command_about_contact_is_certain(texto: str) -> None:
    lida = analisar(texto)
    assert lida.descadastro == "certo", lida
    assert lida.intent == "descadastro"
    assert lida.motivos


@pytest.mark.parametrize("texto", NENHUM)
def test_the_same_words_in_another_context_are_none(texto: str) -> None:
    lida = analisar(texto, palavras=PALAVRAS_DO_DESENHO)
    assert lida.descadastro == "nao", lida.motivos
    assert lida.intent != "descadastro"


@pytest.mark.parametrize("texto", INCERTOS)
def test_what_may_be_one_is_never_passed_over(texto: str) -> None:
    assert analisar(texto).descadastro != "nao"


def test_quoted_text_is_not_the_leads() -> None:
    texto = (
        "Pode mandar a proposta.\n\n"
        "Em ter., 24 de nov. de 2026 às 10:00, Aurora <a@aurora.com.br> escreveu:\n"
        "> Se não quiser receber mais mensagens, responda SAIR.\n> Pare de perder dinheiro!"
    )
    assert analisar(texto).descadastro == "nao"
    assert analisar(texto).intent == "interest"


@pytest.mark.parametrize(
    "rodape",
    [
        "Para não receber mais mensagens, responda SAIR.",
        "Responda SAIR para sair da lista",
        "Clique aqui para descadastrar seu e-mail.",
        "-- \nRemova este contato da lista: clique aqui",
        "-----Mensagem original-----\nParem de me mandar mensagem",
    ],
)
def test_our_footer_never_triggers(rodape: str) -> None:
    assert analisar(f"Quanto custa o plano?\n\n{rodape}").descadastro == "nao"


def test_the_signature_and_its_notice_never_trigger() -> None:
    texto = (
        "Quanto custa?\n\nAtt,\nCarlos Pereira\nDiretor | Aurora\n"
        "Se você recebeu esta mensagem por engano, favor apagar e excluir do cadastro."
    )
    assert analisar(texto).descadastro == "nao"


def test_an_order_below_a_closing_is_still_an_order() -> None:
    assert analisar("Abs\nTira meu contato da lista").descadastro == "certo"
    assert analisar("Abraços\nSair").descadastro == "certo"


def test_a_person_may_speak_of_our_footer() -> None:
    assert analisar("Eu já respondi sair e continuam mandando").descadastro == "certo"


def test_an_order_at_the_end_of_a_very_long_message_is_seen() -> None:
    texto = "Olha só a história da nossa empresa. " * 400 + "Por isso, parem de me mandar mensagem."
    assert analisar(texto).descadastro == "certo"


def test_tenant_words_alone_are_certain_and_as_pieces_nothing() -> None:
    assert analisar("xô", palavras=("xô",)).descadastro == "certo"
    assert analisar("por favor, arrego", palavras=("arrego",)).descadastro == "certo"
    assert analisar("O lixo é recolhido", palavras=("xo",)).descadastro == "nao"


def test_tenant_words_beside_contact_are_left_to_a_person() -> None:
    texto = "arrego com essas mensagens"
    assert detectar(preparar(texto), ("arrego",)).propria == "incerto"
    assert analisar(texto, palavras=("arrego",)).descadastro != "nao"
    for texto in ("não arrego em mensagem", "o preço ficou arrego"):
        assert detectar(preparar(texto), ("arrego",)).propria == "nao"


def test_the_designs_words_prove_nothing_as_tenant_words() -> None:
    assert analisar("Não tenho interesse", palavras=PALAVRAS_DO_DESENHO).descadastro == "nao"


def test_yes_to_our_question_about_leaving_is_certain() -> None:
    pergunta = "Você quer sair da nossa lista de mensagens?"
    assert analisar("Sim, por favor", pergunta).descadastro == "certo"
    assert analisar("Sim, por favor", "Posso enviar a proposta?").descadastro == "nao"


@pytest.mark.parametrize(
    ("nossa", "resposta", "esperado"),
    [
        ("Prefere que a gente não ligue mais?", "sim, prefiro", "certo"),
        ("Devo parar de te escrever?", "sim, deve", "certo"),
        ("Prefere que eu encerre o contato por aqui?", "exato", "certo"),
        ("Posso voltar a te escrever no mês que vem?", "não!", "certo"),
        ("Podemos continuar enviando novidades?", "agradeço, mas não", "certo"),
        ("Posso encerrar a proposta?", "sim", "nao"),
        ("Posso te ligar amanhã?", "não", "nao"),
        ("Vou encerrar seu atendimento, ok?", "ok", "nao"),
        ("Podemos voltar a falar do projeto?", "não", "nao"),
    ],
)
def test_a_plain_answer_to_whether_we_may_write_needs_no_model(
    nossa: str, resposta: str, esperado: str
) -> None:
    assert detectar(preparar(resposta), (), preparar(nossa, nosso=True)).confirmou == esperado


def test_no_to_our_question_about_going_on_is_certain() -> None:
    pergunta = "Podemos continuar enviando novidades?"
    assert analisar("Não, obrigado", pergunta).descadastro == "certo"
    assert detectar(preparar("Não, obrigado"), (), preparar(pergunta)).confirmou == "certo"
    oferta = preparar("Podemos continuar a conversa na quinta?")
    assert detectar(preparar("Não, obrigado"), (), oferta).confirmou == "nao"


@pytest.mark.parametrize(
    ("nossa", "resposta"),
    [
        ("Temos novidades! Para sair, responda 0.", "0"),
        ("Fale com a gente. Responda 1 para receber ou 2 para não receber.", "dois"),
        ("Se não quiser mais receber, responda NÃO.", "não"),
        ("Novo catálogo. Digite BASTA para parar.", "basta, obrigado"),
    ],
)
def test_the_word_that_our_message_names_for_leaving_is_certain(nossa: str, resposta: str) -> None:
    assert detectar(preparar(resposta), (), preparar(nossa, nosso=True)).confirmou == "certo"
    assert analisar(resposta, nossa).descadastro == "certo"


def test_another_choice_of_our_menu_is_no_request() -> None:
    menu = "Para falar com um consultor responda 1, para sair responda 0."
    assert detectar(preparar("1"), (), preparar(menu, nosso=True)).confirmou == "nao"
    rodape = "Quinta 10h ou sexta 9h? Se preferir não receber mensagens, responda SAIR."
    for escolha in ("2", "a primeira", "sexta"):
        assert analisar(escolha, rodape).descadastro == "nao"


def test_no_to_whether_to_leave_asks_to_stay() -> None:
    pergunta = "Quer deixar de receber nossas mensagens?"
    assert analisar("não", pergunta).descadastro == "nao"
    assert analisar("👍", pergunta).descadastro == "certo"


def test_a_wrong_number_is_left_to_a_person_whatever_the_model_says() -> None:
    assert analisar("desculpa, você ligou errado").descadastro == "incerto"
    assert analisar("o banner veio com o número errado").descadastro == "nao"


@pytest.mark.parametrize(
    "texto",
    [
        "moço num manda mais essas coisa de venda pra mim não",
        "o pessoal aqui não quer mais receber isso",
        "como faço pra não receber mais?",
        "considerem que esse número não existe",
        "esse zap é só de cliente, propaganda não, por favor",
        "se for pra vender, não me chame mais",
        "não precisam mais ficar mandando lembrete",
        "que esta seja a última mensagem de vocês",
        "peço que isso não se repita",
        "este ramal não deve ser usado para ofertas",
        "dispenso os próximos avisos, obrigada",
        "nosso canal com vocês está encerrado",
    ],
)
def test_an_indirect_request_is_never_passed_over(texto: str) -> None:
    assert analisar(texto).descadastro != "nao"


def test_cancelling_after_talk_of_a_meeting_is_left_to_a_person() -> None:
    assert analisar("Cancelar").descadastro == "certo"
    assert analisar("Cancelar", "Sua reunião é quinta às 10h.").descadastro == "incerto"
