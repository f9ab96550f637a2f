"""A Paramiko server that runs commands with /bin/sh. Its settings come through PEER_... variables."""

import os
import socket
import subprocess
import threading

import paramiko

USERNAME = os.environ["PEER_USERNAME"]
PASSWORD = os.environ["PEER_PASSWORD"]
CHUNK = 32768


def load(path):
    for kind in (paramiko.RSAKey, paramiko.ECDSAKey, paramiko.Ed25519Key):
        try:
            return kind.from_private_key_file(path)
        except paramiko.SSHException:
            continue
    raise ValueError(path)


HOST_KEYS = [load(path) for path in os.environ["PEER_HOST_KEYS"].split(":")]
with open(os.environ["PEER_AUTHORIZED_KEYS"]) as lines:
    AUTHORIZED = {line.split()[1] for line in lines}


class Server(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return "publickey,password"

    def check_auth_password(self, username, password):
        good = username == USERNAME and password == PASSWORD
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        good = username == USERNAME and key.get_base64() in AUTHORIZED
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        if kind == "session":
            return paramiko.OPEN_SUCCEEDED
        return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=execute, args=(channel, command), daemon=True).start()
        return True


def execute(channel, command):
    pipe = subprocess.PIPE
    child = subprocess.Popen(["/bin/sh", "-c", command], stdin=pipe, stdout=pipe, stderr=pipe)

    def feed():
        try:
            while data := channel.recv(CHUNK):
                child.stdin.write(data)
            child.stdin.close()
        except OSError:
            pass

    def drain(source, send):
        while data := source.read1(CHUNK):
            send(data)

    threading.Thread(target=feed, daemon=True).start()
    errors = threading.Thread(target=drain, args=(child.stderr, channel.sendall_stderr), daemon=True)
    errors.start()
    try:
        drain(child.stdout, channel.sendall)
        errors.join()
        channel.send_exit_status(child.wait())
        channel.close()
    except OSError:
        child.kill()


def serve(connection):
    transport = paramiko.Transport(connection)
    for key in HOST_KEYS:
        transport.add_server_key(key)
    if "PEER_REKEY_BYTES" in os.environ:
        transport.packetizer.REKEY_BYTES = int(os.environ["PEER_REKEY_BYTES"])
    try:
        transport.start_server(server=Server(), event=threading.Event())
        # A channel that nobody holds is closed by its destructor.
        channels = []
        while transport.is_active():
            channel = transport.accept(60)
            channels = [one for one in [*channels, channel] if one is not None and not one.closed]
    finally:
        transport.close()


# Without them it offers group exchange all the same, and fails.
paramiko.Transport.load_server_moduli("/etc/ssh/moduli")
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ["PEER_PORT"])))
listener.listen(100)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
