// A server on Apache MINA SSHD that runs commands with /bin/sh. Its settings come through PEER_... variables.
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.apache.sshd.common.keyprovider.FileKeyPairProvider;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.config.keys.AuthorizedKeysAuthenticator;
import org.apache.sshd.server.shell.InvertedShellWrapper;
import org.apache.sshd.server.shell.ProcessShell;

public class MinaServer {
  public static void main(String[] args) throws Exception {
    String username = System.getenv("PEER_USERNAME");
    String password = System.getenv("PEER_PASSWORD");
    List<Path> hostKeys = new ArrayList<>();
    for (String path : System.getenv("PEER_HOST_KEYS").split(":")) hostKeys.add(Paths.get(path));

    SshServer server = SshServer.setUpDefaultServer();
    server.setHost("127.0.0.1");
    server.setPort(Integer.parseInt(System.getenv("PEER_PORT")));
    server.setKeyPairProvider(new FileKeyPairProvider(hostKeys));
    server.setPasswordAuthenticator((user, given, session) -> user.equals(username) && given.equals(password));
    server.setPublickeyAuthenticator(new AuthorizedKeysAuthenticator(Paths.get(System.getenv("PEER_AUTHORIZED_KEYS"))));
    server.setCommandFactory(
        (channel, command) -> new InvertedShellWrapper(new ProcessShell("/bin/sh", "-c", command)));
    String rekey = System.getenv("PEER_REKEY_BYTES");
    if (rekey != null) CoreModuleProperties.REKEY_BYTES_LIMIT.set(server, Long.parseLong(rekey));
    server.start();
    Thread.currentThread().join();
  }
}
