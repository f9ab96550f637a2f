"""Runs one command through AsyncSSH, with our standard input and output. Its settings come through PEER_... variables."""

import asyncio
import os
import sys

import asyncssh


async def main():
    env = os.environ
    login = {"client_keys": [env["PEER_KEY"]]} if "PEER_KEY" in env else {"client_keys": None}
    if "PEER_PASSWORD" in env:
        login["password"] = env["PEER_PASSWORD"]
    rekey = {"rekey_bytes": int(env["PEER_REKEY_BYTES"])} if "PEER_REKEY_BYTES" in env else {}
    async with asyncssh.connect(
        "127.0.0.1",
        int(env["PEER_PORT"]),
        username=env["PEER_USERNAME"],
        known_hosts=env["PEER_KNOWN_HOSTS"],
        agent_path=None,
        config=None,
        **login,
        **rekey,
    ) as connection:
        data = sys.stdin.buffer.read()
        result = await connection.run(env["PEER_COMMAND"], input=data, encoding=None)
        sys.stdout.buffer.write(result.stdout)
        return result.exit_status


sys.exit(asyncio.run(main()))
