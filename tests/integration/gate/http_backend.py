"""Serves the repositories below a folder with `git http-backend`, on a free port of this machine only.

    http_backend.py FOLDER

Prints the port, then serves until its input ends. Pushes need no user: it is for tests.
"""

import http.server
import os
import subprocess
import sys
import threading


class Bridge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *_):
        pass

    def serve(self):
        path, _, query = self.path.partition("?")
        body = self.body()
        environment = {
            name: value for name, value in os.environ.items() if name == "PATH" or name.startswith(("GIT_CONFIG", "HOME"))
        } | {
            "GIT_PROJECT_ROOT": sys.argv[1],
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "tester",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        answer = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = [line.partition(b": ") for line in head.split(b"\r\n")]
        status = next((value for name, _, value in fields if name.lower() == b"status"), b"200 OK")
        self.send_response(int(status.split()[0]))
        for name, _, value in fields:
            if name.lower() != b"status":
                self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(content)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while length := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_POST = serve


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bridge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
