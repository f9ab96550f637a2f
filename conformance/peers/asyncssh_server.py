"""An AsyncSSH server that runs commands with /bin/sh. Its settings come through PEER_... variables."""

import asyncio
import os
from asyncio.subprocess import PIPE

import asyncssh
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs

USERNAME = os.environ["PEER_USERNAME"]
PASSWORD = os.environ["PEER_PASSWORD"]


class Server(asyncssh.SSHServer):
    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return username == USERNAME and password == PASSWORD


async def handle(process):
    child = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", process.command or "exec /bin/sh", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    feeding = asyncio.create_task(feed(process.stdin, child.stdin))
    await asyncio.gather(copy(child.stdout, process.stdout), copy(child.stderr, process.stderr))
    code = await child.wait()
    feeding.cancel()
    process.exit(code)


async def copy(source, sink):
    """By hand: process.redirect() of 2.10 reads twice at a time, and fails, once a window was used up and given back."""
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()


async def feed(source, sink):
    try:
        await copy(source, sink)
        sink.close()
    except (BrokenPipeError, ConnectionResetError):
        # The command reads no more.
        pass


def names(algorithms):
    return [name.decode() for name in algorithms if not name.startswith(b"gss-")]


async def main():
    rekey = {"rekey_bytes": int(os.environ["PEER_REKEY_BYTES"])} if "PEER_REKEY_BYTES" in os.environ else {}
    await asyncssh.create_server(
        Server,
        "127.0.0.1",
        int(os.environ["PEER_PORT"]),
        server_host_keys=os.environ["PEER_HOST_KEYS"].split(":"),
        authorized_client_keys=os.environ["PEER_AUTHORIZED_KEYS"],
        process_factory=handle,
        encoding=None,
        # All it can, also what it leaves out by itself.
        kex_algs=names(get_kex_algs()),
        encryption_algs=names(get_encryption_algs()),
        mac_algs=names(get_mac_algs()),
        **rekey,
    )
    await asyncio.Event().wait()


asyncio.run(main())
