"""Somebody who issues tokens (JWT), with an independent library and by hand: keys, the place that serves them, and tokens
with whatever is in them."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ISSUER, AUDIENCE = "https://id.example", "safelight"
SECRET = "a secret of this test that is long enough"
MAKERS = {"RS256": lambda: rsa.generate_private_key(65537, 2048), "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
          "EdDSA": ed25519.Ed25519PrivateKey.generate}


class Key:
    """A key pair of an issuer."""

    def __init__(self, algorithm, kid):
        self.algorithm, self.kid, self.private = algorithm, kid, MAKERS[algorithm]()

    def public_jwk(self):
        to_jwk = jwt.get_algorithm_by_name(self.algorithm).to_jwk
        return {**json.loads(to_jwk(self.private.public_key())), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def public_pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM,
                                                      serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims, headers=None):
        return jwt.encode(claims, self.private, self.algorithm, {"kid": self.kid, **(headers or {})})

    def sign_text(self, payload):
        """Claims as a text that no JSON library writes."""
        return jwt.api_jws.encode(payload.encode(), self.private, self.algorithm, {"kid": self.kid})


class KeyServer:
    """Serves a key set, a redirect or a failure on this machine, and counts how often it was asked."""

    def __init__(self):
        self.document, self.status, self.location, self.requests = {"keys": []}, 200, None, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                outer.requests += 1
                body = json.dumps(outer.document).encode()
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, *keys):
        self.document = {"keys": [key.public_jwk() for key in keys]}

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def claims(seconds=60, **changes):
    now = int(time.time())
    wanted = {"iss": ISSUER, "aud": AUDIENCE, "sub": "default", "iat": now, "exp": now + seconds,
              "scope": "images:read images:write", **changes}
    return {name: value for name, value in wanted.items() if value is not None}


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed_by_hand(header, payload, sign):
    """A token with whatever is in it, rightly signed: sign(bytes) → bytes."""
    text = f"{part(header)}.{part(payload)}"
    return f"{text}.{part(sign(text.encode()))}"


def by_hmac(secret):
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def by_rsa(key):
    return lambda text: key.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
