%% A server on Erlang's ssh application that runs commands with /bin/sh. Its settings come through PEER_... variables.
%% A port cannot close its process's standard input alone, so an end of file from the client goes nowhere.
-module(erlang_server).
-behaviour(ssh_server_channel).
-export([start/0, init/1, handle_msg/2, handle_ssh_msg/2, terminate/2]).

-record(state, {connection, channel, port}).

start() ->
    ok = ssh:start(),
    [HostKey | _] = string:split(os:getenv("PEER_HOST_KEYS"), ":"),
    {ok, _} = ssh:daemon({127, 0, 0, 1}, list_to_integer(os:getenv("PEER_PORT")), [
        {system_dir, filename:dirname(HostKey)},
        {user_dir, filename:dirname(os:getenv("PEER_AUTHORIZED_KEYS"))},
        {user_passwords, [{os:getenv("PEER_USERNAME"), os:getenv("PEER_PASSWORD")}]},
        {subsystems, []},
        %% All it can, also what it leaves out by itself.
        {preferred_algorithms, ssh_transport:supported_algorithms()},
        {ssh_cli, {?MODULE, []}}
    ]).

init([]) ->
    {ok, #state{}}.

handle_msg({ssh_channel_up, Channel, Connection}, State) ->
    {ok, State#state{channel = Channel, connection = Connection}};
handle_msg({Port, {data, Data}}, #state{port = Port} = State) ->
    ssh_connection:send(State#state.connection, State#state.channel, Data),
    {ok, State};
handle_msg({Port, {exit_status, Code}}, #state{port = Port, connection = Connection, channel = Channel} = State) ->
    ssh_connection:exit_status(Connection, Channel, Code),
    ssh_connection:send_eof(Connection, Channel),
    %% Without stopping here: a window adjustment that comes for a channel whose process is gone ends the connection.
    ssh_connection:close(Connection, Channel),
    {ok, State};
handle_msg(_, State) ->
    {ok, State}.

handle_ssh_msg({ssh_cm, Connection, {exec, Channel, WantReply, Command}}, State) ->
    ssh_connection:reply_request(Connection, WantReply, success, Channel),
    Port = open_port({spawn_executable, "/bin/sh"}, [
        {args, ["-c", Command]}, binary, stream, exit_status, use_stdio
    ]),
    {ok, State#state{port = Port}};
handle_ssh_msg({ssh_cm, _, {data, _, _, Data}}, #state{port = Port} = State) when is_port(Port) ->
    port_command(Port, Data),
    {ok, State};
handle_ssh_msg({ssh_cm, Connection, {_, Channel, WantReply, _}}, State) when is_boolean(WantReply) ->
    ssh_connection:reply_request(Connection, WantReply, failure, Channel),
    {ok, State};
handle_ssh_msg(_, State) ->
    {ok, State}.

terminate(_, _) ->
    ok.
