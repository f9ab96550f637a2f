/* A server on libssh that runs commands with /bin/sh. Its settings come through PEER_... variables. */
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One connection, served by a process of its own. */
struct server {
  ssh_session session;
  ssh_event event;
  ssh_key authorized;
  ssh_channel channel;
  struct ssh_channel_callbacks_struct channel_callbacks;
  pid_t child;
  int to_child;
  int from_child;
  bool authenticated;
  bool finished;
};

static void die(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static const char *setting(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) die(name, "is not set");
  return value;
}

static int check_password(ssh_session session, const char *user, const char *password, void *data) {
  struct server *server = data;
  (void)session;
  server->authenticated =
      strcmp(user, setting("PEER_USERNAME")) == 0 && strcmp(password, setting("PEER_PASSWORD")) == 0;
  return server->authenticated ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static int check_key(ssh_session session, const char *user, struct ssh_key_struct *key, char state, void *data) {
  struct server *server = data;
  (void)session;
  if (strcmp(user, setting("PEER_USERNAME")) != 0) return SSH_AUTH_DENIED;
  if (ssh_key_cmp(key, server->authorized, SSH_KEY_CMP_PUBLIC) != 0) return SSH_AUTH_DENIED;
  if (state == SSH_PUBLICKEY_STATE_NONE) return SSH_AUTH_SUCCESS;
  server->authenticated = state == SSH_PUBLICKEY_STATE_VALID;
  return server->authenticated ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

/* What the command writes goes to the client; its end is the connection's end. */
static int from_child(socket_t fd, int events, void *data) {
  struct server *server = data;
  char buffer[32768];
  (void)events;
  ssize_t length = read(fd, buffer, sizeof buffer);
  if (length > 0) {
    int written = ssh_channel_write(server->channel, buffer, (uint32_t)length);
    if (written != length) fprintf(stderr, "%d of %zd bytes: %s\n", written, length, ssh_get_error(server->session));
    return SSH_OK;
  }
  int status = 0;
  waitpid(server->child, &status, 0);
  ssh_event_remove_fd(server->event, fd);
  ssh_channel_send_eof(server->channel);
  ssh_channel_request_send_exit_status(server->channel, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
  ssh_channel_close(server->channel);
  server->finished = true;
  return SSH_OK;
}

static int execute(ssh_session session, ssh_channel channel, const char *command, void *data) {
  struct server *server = data;
  int input[2], output[2];
  (void)session;
  (void)channel;
  if (server->child != 0 || pipe(input) != 0 || pipe(output) != 0) return SSH_ERROR;
  server->child = fork();
  if (server->child < 0) return SSH_ERROR;
  if (server->child == 0) {
    dup2(input[0], 0);
    dup2(output[1], 1);
    for (int fd = 3; fd < 256; fd++) close(fd);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  close(input[0]);
  close(output[1]);
  server->to_child = input[1];
  server->from_child = output[0];
  return ssh_event_add_fd(server->event, output[0], POLLIN | POLLHUP, from_child, server);
}

static int to_child(ssh_session session, ssh_channel channel, void *bytes, uint32_t length, int is_stderr, void *data) {
  struct server *server = data;
  (void)session;
  (void)channel;
  (void)is_stderr;
  uint32_t written = 0;
  while (written < length) {
    ssize_t step = write(server->to_child, (char *)bytes + written, length - written);
    if (step <= 0) break;
    written += (uint32_t)step;
  }
  return (int)length;
}

static void end_of_input(ssh_session session, ssh_channel channel, void *data) {
  struct server *server = data;
  (void)session;
  (void)channel;
  close(server->to_child);
}

static ssh_channel open_channel(ssh_session session, void *data) {
  struct server *server = data;
  if (!server->authenticated || server->channel != NULL) return NULL;
  server->channel_callbacks.userdata = server;
  server->channel_callbacks.channel_exec_request_function = execute;
  server->channel_callbacks.channel_data_function = to_child;
  server->channel_callbacks.channel_eof_function = end_of_input;
  ssh_callbacks_init(&server->channel_callbacks);
  server->channel = ssh_channel_new(session);
  ssh_set_channel_callbacks(server->channel, &server->channel_callbacks);
  return server->channel;
}

static void serve(ssh_session session, ssh_key authorized) {
  struct server server = {.session = session, .authorized = authorized, .event = ssh_event_new()};
  struct ssh_server_callbacks_struct callbacks = {
      .userdata = &server,
      .auth_password_function = check_password,
      .auth_pubkey_function = check_key,
      .channel_open_request_session_function = open_channel,
  };
  ssh_callbacks_init(&callbacks);
  ssh_set_server_callbacks(session, &callbacks);
  ssh_set_auth_methods(session, SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_PUBLICKEY);
  if (ssh_handle_key_exchange(session) != SSH_OK) die("key exchange", ssh_get_error(session));
  ssh_event_add_session(server.event, session);
  while (!server.finished || !ssh_channel_is_closed(server.channel)) {
    if (ssh_event_dopoll(server.event, -1) == SSH_ERROR) {
      fprintf(stderr, "the connection: %s\n", ssh_get_error(session));
      break;
    }
  }
  ssh_disconnect(session);
}

int main(void) {
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  ssh_init();
  ssh_bind bind = ssh_bind_new();
  bool no_config = false;
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_config);
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BINDADDR, "127.0.0.1");
  ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BINDPORT_STR, setting("PEER_PORT"));
  char *paths = strdup(setting("PEER_HOST_KEYS"));
  for (char *path = strtok(paths, ":"); path != NULL; path = strtok(NULL, ":")) {
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, path);
  }
  ssh_key authorized = NULL;
  if (ssh_pki_import_pubkey_file(setting("PEER_AUTHORIZED_KEYS"), &authorized) != SSH_OK) die("key", "unreadable");
  if (ssh_bind_listen(bind) != SSH_OK) die("listen", ssh_get_error(bind));
  for (;;) {
    ssh_session session = ssh_new();
    if (ssh_bind_accept(bind, session) != SSH_OK) die("accept", ssh_get_error(bind));
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    if (fork() == 0) {
      ssh_bind_free(bind);
      serve(session, authorized);
      _exit(0);
    }
    ssh_disconnect(session);
    ssh_free(session);
  }
}
