"""Writes a Python client for an OpenAPI 3.1 document: python3 generate_client.py openapi.json > client.py

Small, and of the document alone: a dataclass for each schema with properties, a method for each operationId. It stands
for the generators that others use; Debian 12 has none for OpenAPI 3.1.
"""

import json
import keyword
import sys

HEAD = '''"""Generated from {title} {version}. Do not edit."""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
import typing
import urllib.parse


class ApiError(Exception):
    """An answer of application/problem+json."""

    def __init__(self, problem):
        super().__init__(problem.get("detail"))
        self.problem = problem


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


def read(kind, value):
    """JSON as what the document says it is; a field that the document does not know is an error."""
    if kind in SCHEMAS and isinstance(value, dict):
        given = {{name(key): read(SCHEMAS[kind][key], one) for key, one in value.items()}}
        return globals()[kind](**given)
    if kind.startswith("list ") and isinstance(value, list):
        return [read(kind[5:], one) for one in value]
    return value


def name(key):
    return key + "_" if key in KEYWORDS else key


KEYWORDS = {keywords}
'''

CLIENT = '''

class Client:
    def __init__(self, connect):
        self.connect = connect

    def _send(self, method, path, query, headers, body, kind):
        connection = self.connect()
        query = urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})
        headers = {k: v for k, v in headers.items() if v is not None}
        if body is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path + ("?" + query if query else ""), body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise ApiError(json.loads(text))
        return read(kind, json.loads(text)) if kind else text.decode()
'''


def reference(schema):
    return schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else None


def kind(schema):
    if schema.get("type") == "array":
        return "list " + kind(schema["items"])
    return reference(schema) or "plain"


def variable(key):
    text = key.replace("-", "_").lower() if key.istitle() else key
    return text + "_" if keyword.iskeyword(text) else text


def dataclass(name, schema):
    required = schema.get("required", [])
    fields = sorted(schema["properties"], key=lambda key: key not in required)
    lines = [f"    {variable(key)}: typing.Any" + ("" if key in required else " = None") for key in fields]
    return "\n\n@dataclasses.dataclass\nclass {}:\n{}\n".format(name, "\n".join(lines or ["    pass"]))


def method(path, verb, operation, shared):
    parameters = shared + operation.get("parameters", [])
    in_path = [one["name"] for one in parameters if one["in"] == "path"]
    others = [one for one in parameters if one["in"] != "path"]
    body = "requestBody" in operation
    arguments = ["self", *in_path, *(["body"] if body else []), *(f"{variable(o['name'])}=None" for o in others)]
    place = "".join(
        f' + urllib.parse.quote(str({part[1:-1]}), safe="")' if part.startswith("{") else f' + "{part}"'
        for part in split(path)
    )
    by = lambda where: "{" + ", ".join(f'"{o["name"]}": {variable(o["name"])}' for o in others if o["in"] == where) + "}"
    content = operation["responses"]["200"]["content"]
    answer = kind(content["application/json"]["schema"]) if "application/json" in content else ""
    return (
        f"\n    def {operation['operationId']}({', '.join(arguments)}):\n"
        f'        """{operation["summary"]}"""\n'
        f'        return self._send("{verb.upper()}", ""{place}, {by("query")}, {by("header")}, {"body" if body else None}, "{answer}")\n'
    )


def split(path):
    parts, rest = [], path
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        parts += [before, "{" + name + "}"]
    return parts + ([rest] if rest else [])


def main():
    document = json.load(open(sys.argv[1]))
    schemas = {name: one for name, one in document["components"]["schemas"].items() if "properties" in one}
    out = HEAD.format(keywords=set(keyword.kwlist), **document["info"])
    kinds = {name: {key: kind(one) for key, one in schema["properties"].items()} for name, schema in schemas.items()}
    out += f"SCHEMAS = {kinds!r}\n"
    out += "".join(dataclass(name, schema) for name, schema in schemas.items())
    out += CLIENT
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for verb, operation in item.items():
            if verb != "parameters":
                out += method(path, verb, operation, shared)
    print(out)


main()
