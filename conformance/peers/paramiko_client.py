"""Runs one command through Paramiko, with our standard input and output. Its settings come through PEER_... variables."""

import os
import sys
import threading

import paramiko

env = os.environ
client = paramiko.SSHClient()
client.load_host_keys(env["PEER_KNOWN_HOSTS"])
client.connect(
    "127.0.0.1",
    int(env["PEER_PORT"]),
    username=env["PEER_USERNAME"],
    password=env.get("PEER_PASSWORD"),
    key_filename=env.get("PEER_KEY"),
    allow_agent=False,
    look_for_keys=False,
)
if "PEER_REKEY_BYTES" in env:
    client.get_transport().packetizer.REKEY_BYTES = int(env["PEER_REKEY_BYTES"])
channel = client.get_transport().open_session()
channel.exec_command(env["PEER_COMMAND"])


def feed():
    channel.sendall(sys.stdin.buffer.read())
    channel.shutdown_write()


threading.Thread(target=feed, daemon=True).start()
while data := channel.recv(32768):
    sys.stdout.buffer.write(data)
sys.stdout.buffer.flush()
code = channel.recv_exit_status()
client.close()
sys.exit(code)
