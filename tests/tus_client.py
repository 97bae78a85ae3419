"""Resumable uploads by hand: requests of tus 1.0, one by one."""

import base64
import hashlib

TYPE = "application/offset+octet-stream"


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def sha1(data):
    return "sha1 " + base64.b64encode(hashlib.sha1(data).digest()).decode()


class TusClient:
    """Over a Client, or a KeyClient."""

    def __init__(self, client):
        self.client = client

    def create(self, size, data=None, query="", **headers):
        fields = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size)}
        if data is not None:
            fields["Content-Type"] = TYPE
        return self.client.request("POST", "/v1/uploads" + query, {**fields, **self._names(headers)}, data)

    def begin(self, size, **headers):
        response = self.create(size, **headers)
        assert response.status == 201, (response.status, response.body)
        return response.header("Location")

    def append(self, url, offset, data, method="PATCH", **headers):
        fields = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": TYPE, **self._names(headers)}
        return self.client.request(method, url, fields, data)

    def offset(self, url):
        response = self.client.request("HEAD", url, {"Tus-Resumable": "1.0.0"})
        assert response.status == 200, response.status
        return int(response.header("Upload-Offset"))

    def delete(self, url):
        return self.client.request("DELETE", url, {"Tus-Resumable": "1.0.0"})

    @staticmethod
    def _names(headers):
        return {name.replace("_", "-"): value for name, value in headers.items()}
