"""moto's S3 server, with what stores do and it doesn't. Its arguments are those of moto_server.

With GCS_KEY, a file with a public RSA key, it speaks the XML dialect of Google Cloud Storage, which is that of S3 with other
names in its headers: it lets in whoever brings a token that the key's owner has signed.
"""

import base64
import json
import os
import sys
import time

import moto.server as server

run = server.run_simple


def as_bytes(app):
    """S3 stores what a form's content type stands before like all else; moto takes it for a form and stores nothing."""

    def call(environ, start):
        is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        # Calls that are no objects', for users and their keys, are forms.
        if is_form and environ["PATH_INFO"] != "/":
            environ["CONTENT_TYPE"] = "application/octet-stream"
        return app(environ, start)

    return call


def sign_what_is_sent():
    """Clients sign the address that they send; moto looks at it as it is when it has been decoded."""
    from flask import request
    from moto.iam.access_control import IAMRequestBase

    made = IAMRequestBase._create_aws_request

    def make(self):
        self._path = request.environ["RAW_URI"]
        return made(self)

    IAMRequestBase._create_aws_request = make


def quicker():
    """A request looks at all of moto's own folders, and one for a range of an object copies all of it; nothing is logged."""
    from moto import backends
    from moto.s3.models import FakeKey
    from werkzeug.serving import WSGIRequestHandler

    modules = list(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: iter(modules)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    WSGIRequestHandler.log_request = lambda *_: None

    read, write = FakeKey.value.fget, FakeKey.value.fset
    # The large objects that were read last.
    kept = {}

    def get(self):
        key, value = kept.get(id(self), (None, b""))
        if key is self:
            return value
        value = read(self)
        if len(value) > 65536:
            for oldest in list(kept)[:-3]:
                kept.pop(oldest, None)
            kept[id(self)] = (self, value)
        return value

    def put(self, value):
        kept.pop(id(self), None)
        write(self, value)

    FakeKey.value = property(get, put)


def as_google(app, key_file):
    """Google's dialect in front of S3's."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    with open(key_file, "rb") as file:
        key = load_pem_public_key(file.read())

    def decoded(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def lets_in(header):
        try:
            signed, _, signature = header.removeprefix("Bearer ").rpartition(".")
            key.verify(decoded(signature), signed.encode(), PKCS1v15(), SHA256())
            return json.loads(decoded(signed.split(".")[1]))["exp"] > time.time()
        except Exception:
            return False

    def call(environ, start):
        # Tests look at what is there without a token; a client of Google's never names S3's version.
        if not lets_in(environ.pop("HTTP_AUTHORIZATION", "")) and "HTTP_X_TEST" not in environ:
            body = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>AuthenticationRequired</Code><Message>Authentication required.</Message></Error>"
            start("401 Unauthorized", [("Content-Type", "application/xml"), ("Content-Length", str(len(body))), ("Connection", "close")])
            return [body]
        # To moto, whoever has none is nobody.
        environ["HTTP_AUTHORIZATION"] = "AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=a"
        for name in [name for name in environ if name.startswith("HTTP_X_GOOG_")]:
            environ[name.replace("_GOOG_", "_AMZ_")] = environ.pop(name)
        return app(environ, start)

    return call


def serve(host, port, app, **more):
    app = as_bytes(app)
    if "GCS_KEY" in os.environ:
        app = as_google(app, os.environ["GCS_KEY"])
    run(host, port, app, **more)


server.run_simple = serve
sign_what_is_sent()
quicker()
server.main(sys.argv[1:])
