"""A Twisted Conch server that runs commands with /bin/sh. Its settings come through PEER_... variables."""

import os

from twisted.conch.avatar import ConchUser
from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker
from twisted.conch.ssh.factory import SSHFactory
from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.session import SSHSession, wrapProcessProtocol
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor

USERNAME = os.environ["PEER_USERNAME"].encode()
PASSWORD = os.environ["PEER_PASSWORD"].encode()


class Commands:
    def __init__(self, avatar):
        self.process = None

    def execCommand(self, protocol, command):
        self.process = reactor.spawnProcess(protocol, "/bin/sh", ["sh", "-c", command], os.environ)

    def eofReceived(self):
        if self.process is not None:
            self.process.closeStdin()

    def closed(self):
        pass


class User(ConchUser):
    def __init__(self):
        ConchUser.__init__(self)
        self.channelLookup[b"session"] = Session


class Session(SSHSession):
    def __init__(self, *args, **kwargs):
        SSHSession.__init__(self, *args, **kwargs)
        self.session = Commands(self.avatar)


class Realm:
    def requestAvatar(self, name, mind, *interfaces):
        return interfaces[0], User(), lambda: None


class Factory(SSHFactory):
    pass


keys = [Key.fromFile(path) for path in os.environ["PEER_HOST_KEYS"].split(":")]
Factory.privateKeys = {key.sshType(): key for key in keys}
Factory.publicKeys = {key.sshType(): key.public() for key in keys}
with open(os.environ["PEER_AUTHORIZED_KEYS"]) as lines:
    authorized = [Key.fromString(line.encode()) for line in lines]
passwords = InMemoryUsernamePasswordDatabaseDontUse()
passwords.addUser(USERNAME, PASSWORD)
Factory.portal = Portal(
    Realm(), [passwords, SSHPublicKeyChecker(InMemorySSHKeyDB({USERNAME: authorized}))]
)
reactor.listenTCP(int(os.environ["PEER_PORT"]), Factory(), interface="127.0.0.1")
reactor.run()
