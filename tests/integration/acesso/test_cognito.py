"""The Cognito home on moto: every use case works once, and forged tokens are refused.

moto takes any confirmation code and any one-time code: what must be refused there is tested on the
built-in home.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import boto3
import moto
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwt
from moto.server import ThreadedMotoServer

from alquimista.app import create_app
from alquimista.bootstrap import build
from alquimista.runtime.admission import Catalogue
from alquimista.server import sandbox_services
from alquimista.settings import Cognito
from tests.database import Server, copied_database
from tests.integration.acesso.test_pessoas import invited, me_of
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import SENHA, as_owner, assert_error
from tests.integration.conftest import Way, settings_of

REGION = "us-east-1"
_KEY_FILE = Path(moto.__file__).parent / "cognitoidp" / "resources" / "jwks-private.json.gz"
POOL_KEY: dict[str, Any] = json.loads(gzip.decompress(_KEY_FILE.read_bytes()))


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of moto's with its app client."""

    settings: Cognito
    client: Any


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A user pool as the README of the home asks for, on moto over HTTP."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "teste")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "teste")
        endpoint = f"http://{host}:{port}"
        client = boto3.client("cognito-idp", region_name=REGION, endpoint_url=endpoint)
        made = client.create_user_pool(
            PoolName="alquimista",
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            MfaConfiguration="OPTIONAL",
            Policies={
                "PasswordPolicy": {
                    "MinimumLength": 8,
                    "RequireUppercase": True,
                    "RequireLowercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": False,
                }
            },
        )["UserPool"]["Id"]
        app = client.create_user_pool_client(
            UserPoolId=made,
            ClientName="api",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        yield Pool(Cognito(made, app, REGION, endpoint), client)
        client.close()
    server.stop()


@pytest.fixture(scope="module")
def mundo(
    postgres: Server,
    template_database: str,
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Way]:
    """A system whose people sign in by the pool."""
    with copied_database(postgres, template_database) as urls:
        settings = settings_of(urls, tmp_path_factory.mktemp("cognito"))
        with sandbox_services(replace(settings, cognito=pool.settings)) as served:
            system = build(served, catalogue=Catalogue())
            yield Way(system, UUID(int=0), create_app(system.services).test_client())
            system.close()


def established(mundo: Way) -> Visita:
    """Sign up, confirm by the pool's code and come in."""
    visita = Visita(mundo)
    cadastro = visita.sign_up()
    sent = {"token": str(cadastro), "codigo": "123456"}
    visita.ok("POST", "/api/auth/cadastro/confirmacao", sent)
    visita.login()
    return visita


@pytest.fixture
def pessoa(mundo: Way) -> Visita:
    """The admin of a tenant of their own, signed in by the pool."""
    return established(mundo)


def forged(
    pessoa: Visita, key: dict[str, Any] | str = POOL_KEY, head: str = "dummy", **changes: Any
) -> str:
    """The person's own access token with changed claims, signed by a key under a key id."""
    claims = {**jwt.get_unverified_claims(pessoa.token), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    token: str = jwt.encode(kept, key, algorithm="RS256", headers={"kid": head})
    return token


def test_a_sign_up_is_confirmed_by_the_pool_and_the_person_is_its_subject(pessoa: Visita) -> None:
    me = pessoa.ok("GET", "/api/me")
    assert me["papel"] == "admin"
    claims = jwt.get_unverified_claims(pessoa.token)
    assert (claims["sub"], claims["token_use"]) == (me["usuario"]["id"], "access")
    assert pessoa.audited("login")
    assert pessoa.ok("GET", "/.well-known/jwks.json")["keys"][0]["kid"] == "dummy"


def test_a_password_is_kept_by_the_pool_alone(pessoa: Visita, mundo: Way) -> None:
    wrong = {"email": pessoa.email, "senha": "Errada123"}
    nobody = {"email": "ninguem@x.example.com", "senha": "Errada123"}
    answers = [
        assert_error(pessoa.send("POST", "/api/auth/login", body), 401) for body in (wrong, nobody)
    ]
    assert answers[0]["message"] == answers[1]["message"]
    me = UUID(me_of(pessoa))
    with mundo.system.database.anonymous() as connection:
        found = connection.exec_driver_sql(
            "SELECT senha_hash, user_id FROM alquimista_platform.find_login(%s)", (pessoa.email,)
        ).one()
    assert (found.senha_hash, found.user_id) == ("", me)


def test_a_known_address_signs_up_with_the_same_answer(pessoa: Visita, mundo: Way) -> None:
    body = {"empresa": "X", "nome": "Y", "email": pessoa.email, "senha": "Roubada123"}
    stranger = Visita(mundo)
    cadastro = stranger.ok("POST", "/api/auth/cadastro", body)
    assert set(cadastro) == {"cadastro_id"}
    weak = assert_error(stranger.send("POST", "/api/auth/cadastro", {**body, "senha": "x"}), 422)
    assert weak["status"] == "senha_fraca"
    sent = {"token": cadastro["cadastro_id"], "codigo": "123456"}
    found = assert_error(stranger.send("POST", "/api/auth/cadastro/confirmacao", sent), 409)
    assert found["status"] == "email_em_uso"
    pessoa.login(SENHA)


@pytest.mark.parametrize("token", ["x", str(UUID(int=9))])
def test_a_confirmation_of_nothing_is_refused(mundo: Way, token: str) -> None:
    sent = {"token": token, "codigo": "123456"}
    assert_error(Visita(mundo).send("POST", "/api/auth/cadastro/confirmacao", sent), 422)


def test_a_refresh_gives_a_new_token_of_the_same_session(pessoa: Visita) -> None:
    before = pessoa.token
    pessoa.keep(pessoa.refresh().get_json())
    assert pessoa.token != before
    [session] = pessoa.ok("GET", "/api/me/sessoes")["itens"]
    assert session["atual"] is True
    assert_error(pessoa.refresh("nada"), 401)


def test_an_ended_session_s_tokens_are_refused_though_the_pool_would_take_them(
    pessoa: Visita,
) -> None:
    laptop = Visita(pessoa.way, email=pessoa.email)
    laptop.login()
    [other] = [s["id"] for s in pessoa.ok("GET", "/api/me/sessoes")["itens"] if not s["atual"]]
    assert pessoa.send("DELETE", f"/api/me/sessoes/{other}").status_code == 204
    assert_error(laptop.send("GET", "/api/me"), 401)
    assert_error(laptop.refresh(), 401)
    assert pessoa.send("GET", "/api/me").status_code == 200


def test_logout_and_logout_everywhere_end_what_they_say(pessoa: Visita) -> None:
    sent = {"refresh_token": pessoa.refresh_token}
    assert pessoa.send("POST", "/api/auth/logout", sent).status_code == 204
    assert_error(pessoa.send("GET", "/api/me"), 401)
    pessoa.login()
    laptop = Visita(pessoa.way, email=pessoa.email)
    laptop.login()
    assert pessoa.ok("DELETE", "/api/me/sessoes", {"manter_atual": False}) == {"encerradas": 2}
    for device in (pessoa, laptop):
        assert_error(device.send("GET", "/api/me"), 401)
        assert_error(device.refresh(), 401)
    assert pessoa.send("POST", "/api/auth/logout", {"refresh_token": "x"}).status_code == 204


def test_a_token_of_before_a_logout_everywhere_is_refused_without_a_session_too(
    pessoa: Visita, mundo: Way
) -> None:
    """A pool without revocation issues tokens without ``origin_jti``: the moment counts then."""
    issued = int(datetime.now(UTC).timestamp()) - 5
    pessoa.token = forged(pessoa, origin_jti=None, iat=issued)
    assert pessoa.send("GET", "/api/me").status_code == 200
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.users SET acesso_desde = clock_timestamp() WHERE id = :me",
        me=UUID(me_of(pessoa)),
    )
    assert_error(pessoa.send("GET", "/api/me"), 401)


def test_a_second_factor_is_asked_for_and_taken_away(pessoa: Visita) -> None:
    factor = "/api/me/segundo-fator"
    assert_error(pessoa.send("POST", factor, {"senha": "Errada123"}), 422)
    begun = pessoa.ok("POST", factor, {"senha": SENHA})
    assert begun["segredo"] in begun["endereco"]
    pessoa.ok("POST", f"{factor}/confirmacao", {"codigo": "123 456"})
    assert pessoa.ok("GET", factor)["ativo"] is True
    answer = pessoa.ok("POST", "/api/auth/login", {"email": pessoa.email, "senha": SENHA})
    assert set(answer) == {"desafio", "expires_in"}
    sent = {"desafio": answer["desafio"], "codigo": "123456"}
    pessoa.keep(pessoa.ok("POST", "/api/auth/login/codigo", sent))
    assert [s["segundo_fator"] for s in pessoa.ok("GET", "/api/me/sessoes")["itens"]].count(
        True
    ) == 2
    pessoa.ok("POST", f"{factor}/desativacao", {"senha": SENHA})
    assert pessoa.ok("GET", factor)["ativo"] is False


@pytest.mark.parametrize("desafio", ["x", "WzEsMiwzXQ==", "bnVsbA==", "YQ"])
def test_a_text_that_is_no_challenge_opens_nothing(mundo: Way, desafio: str) -> None:
    sent = {"desafio": desafio, "codigo": "123456"}
    assert_error(Visita(mundo).send("POST", "/api/auth/login/codigo", sent), 401)


def test_a_password_is_changed_and_recovered_by_the_pool(pessoa: Visita) -> None:
    body = {"senha_atual": "Errada123", "senha_nova": "NovaSenha9"}
    assert_error(pessoa.send("POST", "/api/me/senha", body), 422)
    pessoa.ok("POST", "/api/me/senha", {**body, "senha_atual": SENHA})
    pessoa.login("NovaSenha9")
    stranger = Visita(pessoa.way)
    for email in (pessoa.email, "ninguem@x.example.com"):
        assert stranger.send("POST", "/api/auth/recuperacao", {"email": email}).status_code == 202
    sent = {"token": "123456", "senha": "OutraSenha9"}
    assert_error(stranger.send("POST", "/api/auth/recuperacao/senha", sent), 422)
    stranger.ok("POST", "/api/auth/recuperacao/senha", {**sent, "email": pessoa.email})
    assert_error(pessoa.send("GET", "/api/me"), 401)
    pessoa.login("OutraSenha9")
    assert pessoa.audited("senha_recuperada")


def test_an_invited_person_is_made_in_the_pool_and_switches(pessoa: Visita, mundo: Way) -> None:
    guest = invited(pessoa, "viewer")
    body = {"token": guest.letter_token(), "nome": "Gil", "senha": SENHA}
    guest.ok("POST", "/api/auth/convites/aceite", body)
    guest.login()
    assert guest.ok("GET", "/api/me")["papel"] == "viewer"
    other = established(mundo)
    other.ok("POST", "/api/convites", {"email": guest.email, "papel": "manager"})
    guest.ok("POST", "/api/auth/convites/aceite", {"token": guest.letter_token()})
    target = other.ok("GET", "/api/me")["tenant"]["id"]
    answer = guest.ok("POST", f"/api/me/contas/{target}/entrada")
    assert 0 < answer["expires_in"] <= 3600
    guest.token = answer["access_token"]
    assert guest.ok("GET", "/api/me")["tenant"]["id"] == target


def test_an_invitation_cut_off_after_the_pool_made_the_person_is_accepted_again(
    pessoa: Visita, pool: Pool
) -> None:
    guest = invited(pessoa, "viewer")
    pool.client.admin_create_user(
        UserPoolId=pool.settings.pool_id, Username=guest.email, MessageAction="SUPPRESS"
    )
    body = {"token": guest.letter_token(), "nome": "Gil", "senha": SENHA}
    guest.ok("POST", "/api/auth/convites/aceite", body)
    guest.login()
    assert guest.refresh_token


def test_a_person_of_the_pool_without_a_tenant_does_not_come_in(mundo: Way, pool: Pool) -> None:
    email = f"{uuid4().hex[:8]}@solto.example.com"
    pool.client.sign_up(ClientId=pool.settings.client_id, Username=email, Password=SENHA)
    pool.client.confirm_sign_up(
        ClientId=pool.settings.client_id, Username=email, ConfirmationCode="1"
    )
    body = {"email": email, "senha": SENHA}
    assert_error(Visita(mundo).send("POST", "/api/auth/login", body), 401)


def test_a_token_signed_by_the_pool_with_good_claims_is_taken(pessoa: Visita) -> None:
    """What the refusals below change is all that is wrong with them."""
    pessoa.token = forged(pessoa)
    assert pessoa.send("GET", "/api/me").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": f"https://cognito-idp.{REGION}.amazonaws.com/us-east-1_outra"},
        {"iss": None},
        {"client_id": "outro"},
        {"client_id": None},
        {"token_use": "id"},
        {"token_use": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": "x"},
        {"sub": str(UUID(int=7))},
        {"origin_jti": str(UUID(int=7))},
        {"origin_jti": "x"},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(pessoa: Visita, changes: dict[str, Any]) -> None:
    pessoa.token = forged(pessoa, **changes)
    assert_error(pessoa.send("GET", "/api/me"), 401)


def test_the_id_token_of_the_pool_is_no_access_token(pessoa: Visita, pool: Pool) -> None:
    answer = pool.client.initiate_auth(
        ClientId=pool.settings.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": pessoa.email, "PASSWORD": SENHA},
    )
    pessoa.token = answer["AuthenticationResult"]["IdToken"]
    assert_error(pessoa.send("GET", "/api/me"), 401)


def test_a_token_of_another_key_is_refused_under_any_key_id(pessoa: Visita) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    good = Visita(pessoa.way, token=pessoa.token)
    for kid in ("dummy", "outra", "../../x"):
        pessoa.token = forged(good, private.decode(), kid)
        assert_error(pessoa.send("GET", "/api/me"), 401, hint=kid)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_of_another_algorithm_is_refused(pessoa: Visita, algorithm: str) -> None:
    """RFC 8725, 2.1: unsigned, and signed with the pool's public key as a shared secret."""
    claims = jwt.get_unverified_claims(pessoa.token)
    head = {"alg": algorithm, "typ": "JWT", "kid": "dummy"}
    signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
    [public] = pessoa.ok("GET", "/.well-known/jwks.json")["keys"]
    proofs = [b""]
    if algorithm == "HS256":
        secrets = (json.dumps(public).encode(), public["n"].encode(), _pem(public))
        proofs = [hmac.new(s, signed.encode(), hashlib.sha256).digest() for s in secrets]
    for proof in proofs:
        pessoa.token = f"{signed}.{_base64(proof)}"
        assert_error(pessoa.send("GET", "/api/me"), 401)


def test_a_token_of_the_built_in_home_is_refused(pessoa: Visita) -> None:
    pessoa.token = forged(
        pessoa, iss=pessoa.way.system.settings.url_publica, aud="alquimista-api", sid=str(uuid4())
    )
    assert_error(pessoa.send("GET", "/api/me"), 401)


def _pem(public: dict[str, str]) -> bytes:
    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    key = rsa.RSAPublicNumbers(number(public["e"]), number(public["n"])).public_key()
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
