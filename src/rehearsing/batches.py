"""Files and batches as providers have them, in memory: a batch is answered when it is looked at the second time."""

import itertools
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

Answer = Callable[[dict[str, Any]], tuple[int, Any]]
FAILURES = {"batchfailed": "invalid_request", "batchfull": "token_limit_exceeded"}


class Batches:
    """The routes for files and batches. `answer` answers one question; `fault_of` says what befalls a batch."""

    def __init__(self, answer: Answer, fault_of: Callable[[bytes], str]) -> None:
        self._answer, self._fault_of = answer, fault_of
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        self._names = itertools.count(1)

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/v1/files", self.upload)
        app.router.add_get("/v1/files/{name}/content", self.content)
        app.router.add_delete("/v1/files/{name}", self.delete)
        app.router.add_post("/v1/batches", self.create)
        app.router.add_get("/v1/batches", self.listed)
        app.router.add_get("/v1/batches/{name}", self.look)

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        given = form.get("file")
        if form.get("purpose") != "batch" or not isinstance(given, web.FileField):
            return refused("a file with the purpose batch is wanted")
        return web.json_response(self.file(given.file.read(), given.filename))

    def file(self, content: bytes, filename: str) -> dict[str, Any]:
        """A new file."""
        name = f"file-{next(self._names)}"
        self._files[name] = content
        told = {"id": name, "object": "file", "bytes": len(content), "created_at": 0, "filename": filename}
        return told | {"purpose": "batch", "status": "processed"}

    async def content(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return web.Response(body=self._files[name]) if name in self._files else missing(name)

    async def delete(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = self._files.pop(name, None) is not None
        return web.json_response({"id": name, "object": "file", "deleted": True}) if found else missing(name)

    async def create(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        source = self._files.get(body.get("input_file_id"))
        if source is None:
            return missing(body.get("input_file_id"))
        batch = {
            "id": f"batch-{next(self._names)}",
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "created_at": 0,
            "status": "validating",
            "metadata": body.get("metadata"),
            "request_counts": {"total": len(source.splitlines()), "completed": 0, "failed": 0},
        }
        fault = self._fault_of(source)
        if code := FAILURES.get(fault):
            batch |= {
                "status": "failed",
                "errors": {"object": "list", "data": [{"code": code, "message": "rehearsed"}]},
            }
        self._batches[batch["id"]] = batch
        if fault == "batchlost" and request.transport:
            request.transport.abort()
        return web.json_response(batch)

    async def listed(self, request: web.Request) -> web.Response:
        """The newest first, a page at a time."""
        names = [*reversed(self._batches)]
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        end = start + int(request.query.get("limit", 20))
        page = [self._batches[name] for name in names[start:end]]
        return web.json_response({"object": "list", "data": page, "has_more": end < len(names)})

    async def look(self, request: web.Request) -> web.Response:
        if (batch := self._batches.get(request.match_info["name"])) is None:
            return missing(request.match_info["name"])
        if batch["status"] == "in_progress":
            self.finish(batch)
        elif batch["status"] == "validating":
            batch["status"] = "in_progress"
        return web.json_response(batch)

    def finish(self, batch: dict[str, Any]) -> None:
        """Answer all of its questions; some of them too late, or not at all."""
        replies, failures = list[bytes](), list[bytes]()
        for line in self._files[batch["input_file_id"]].splitlines():
            row = orjson.loads(line)
            status, body = self._answer(row["body"])
            told = {"id": f"line-{next(self._names)}", "custom_id": row["custom_id"], "response": None, "error": None}
            if status:
                told["response"] = {"status_code": status, "request_id": "rehearsal", "body": readable(body)}
            else:
                told["error"] = {"code": "batch_expired", "message": "rehearsed: not answered in time"}
            (replies if status == 200 else failures).append(orjson.dumps(told))  # noqa: PLR2004
        batch["status"] = "expired" if any(b"batch_expired" in line for line in failures) else "completed"
        batch["request_counts"] |= {"completed": len(replies), "failed": len(failures)}
        for key, lines in (("output_file_id", replies), ("error_file_id", failures)):
            if lines:
                batch[key] = self.file(b"\n".join(lines), key)["id"]


def readable(body: Any) -> Any:
    """A body that was sent as text, as JSON if it is some."""
    try:
        return orjson.loads(body) if isinstance(body, str) else body
    except ValueError:
        return body


def refused(why: str) -> web.Response:
    return web.json_response({"error": {"message": f"rehearsed: {why}"}}, status=400)


def missing(name: Any) -> web.Response:
    return web.json_response({"error": {"message": f"rehearsed: there is no {name}"}}, status=404)
