"""openapi.json as the source of truth: every answer that a test gets is held against it."""

import json
import re
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT_URI = "urn:safelight:openapi"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
# What the server says by itself, before an operation is looked at; "default" documents it for all of them.
SERVER_STATUSES = {"400", "404", "405", "408", "411", "413", "414", "417", "431", "501", "503", "505"}
# The server's own, on every answer; Connection and Date need no documentation.
TRANSPORT_HEADERS = {"connection", "date", "content-length", "content-type", "keep-alive", "transfer-encoding",
                     "server"}
# Documented answers that cannot be provoked from outside, with the reason. Everything else has to be seen.
NOT_PROVOKED = {
    ("*", "*", "500"): "a fault of the program itself, or stored bytes that were damaged after the answer had begun",
    ("/", "get", "404"): "the page is part of the program",
    ("/api-docs", "get", "404"): "the page is part of the program",
}


def is_excused(path, method, status):
    return any(pattern_path in ("*", path) and pattern_method in ("*", method) and pattern_status == status
               for pattern_path, pattern_method, pattern_status in NOT_PROVOKED)


class Contract:
    def __init__(self, document):
        self.document = document
        self.seen = set()  # (path pattern, method, status)
        self._registry = Registry().with_resource(
            DOCUMENT_URI, Resource.from_contents(document, default_specification=DRAFT202012))
        self._patterns = sorted(((self._pattern(path), path) for path in document["paths"]),
                                key=lambda pair: pair[1].count("{"))

    @staticmethod
    def _pattern(path):
        pieces = re.split(r"(\{[^}]+\})", path)
        # The paths of embedded files go on behind slashes.
        as_regex = {"{path}": ".+"}
        return re.compile("".join(as_regex.get(piece, "[^/]+") if piece.startswith("{") else re.escape(piece)
                                  for piece in pieces) + "$")

    def path_of(self, target):
        path = urlsplit(target).path
        return next((documented for pattern, documented in self._patterns if pattern.match(path)), None)

    def resolve(self, node):
        while "$ref" in node:
            pointer = node["$ref"]
            assert pointer.startswith("#/"), pointer
            node = self.document
            for part in pointer[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def operations(self):
        """(path, method, operation) of everything documented."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def documented(self):
        """Every (path, method, status)."""
        return {(path, method, status) for path, method, operation in self.operations()
                for status in operation["responses"] if status != "default"}

    def judge(self, seen):
        """What was documented and never seen, and lines that tell of it: for the end of a run of all tests."""
        missing = sorted(answer for answer in self.documented() - seen if not is_excused(*answer))
        lines = [f"OpenAPI: {len(seen & self.documented())} of {len(self.documented())} documented answers were seen; excused:"]
        lines += [f"  {method} {path} {status}: {reason}" for (path, method, status), reason in NOT_PROVOKED.items()]
        lines += [f"  NEVER SEEN: {method} {path} {status}" for path, method, status in missing]
        return missing, lines

    def check(self, method, target, response):
        """Fails when the answer is not one that is documented for this path and method."""
        path = self.path_of(target)
        if path is None:
            assert response.status in (400, 404, 414), f"{method} {target}: {response.status} on an undocumented path"
            self.check_problem(response)
            return
        item = self.document["paths"][path]
        # HEAD is answered as GET is, without the body; what a path's methods are, 405 tells.
        documented_method = "get" if method == "HEAD" and "head" not in item else method.lower()
        if documented_method not in item:
            assert response.status in (400, 405, 501), f"{method} {target}: {response.status}, not documented"
            self.check_problem(response, has_body=method != "HEAD")
            return
        responses = item[documented_method]["responses"]
        where = f"{method} {target} → {response.status}"
        status = str(response.status)
        described_by = status if status in responses else "default" if status in SERVER_STATUSES else None
        assert described_by in responses, f"{where}: undocumented; documented are {sorted(responses)}"
        described = self.resolve(responses[described_by])
        self._check_headers(where, described, response)
        self._check_body(where, described, response, has_body=method != "HEAD")
        self.seen.add((path, documented_method, status))

    def check_problem(self, response, has_body=True):
        """A problem document that no operation has to document: unknown paths, broken framing."""
        assert response.status >= 400, response
        assert response.header("Content-Type") == "application/problem+json", (response.status, response.headers)
        if has_body:
            problem = response.json()
            self._validate({"$ref": "#/components/schemas/Problem"}, problem, "a problem document")
            assert problem["status"] == response.status

    def _check_headers(self, where, described, response):
        documented = {name.lower(): self.resolve(header) for name, header in described.get("headers", {}).items()}
        for name, header in documented.items():
            value = response.header(name)
            if value is None:
                assert not header.get("required"), f"{where}: the header {name} is missing"
                continue
            kind = self.resolve(header.get("schema", {})).get("type")
            typed = int(value) if kind == "integer" else value == "true" if kind == "boolean" else value
            self._validate(header.get("schema", {}), typed, f"{where}: header {name}")
        unknown = {name.lower() for name, _ in response.headers} - set(documented) - TRANSPORT_HEADERS
        assert not unknown, f"{where}: undocumented headers {sorted(unknown)}"

    def _check_body(self, where, described, response, has_body):
        content = described.get("content")
        media_type = (response.header("Content-Type") or "").split(";")[0]
        if not content:
            assert not response.body, f"{where}: a body that is not documented"
            return
        schema = self._media_type(content, media_type)
        assert schema is not None, f"{where}: {media_type!r} is not documented; documented are {sorted(content)}"
        if has_body and media_type.endswith("json"):
            self._validate(schema.get("schema", {}), response.json(), where)
            if media_type == "application/problem+json":
                assert response.json()["status"] == response.status, where

    @staticmethod
    def _media_type(content, media_type):
        for pattern in (media_type, media_type.split("/")[0] + "/*", "*/*"):
            if pattern in content:
                return content[pattern]
        return None

    def _validate(self, schema, value, where):
        if "$ref" in schema and schema["$ref"].startswith("#/"):
            schema = {**schema, "$ref": DOCUMENT_URI + schema["$ref"]}
        elif schema:
            # References within an inline schema are relative to the document.
            schema = json.loads(json.dumps(schema).replace('"$ref": "#/', f'"$ref": "{DOCUMENT_URI}#/'))
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=FormatChecker())
        faults = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                  for error in validator.iter_errors(value)]
        assert not faults, f"{where}: {faults}\n{str(value)[:1000]}"
