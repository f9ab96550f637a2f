// A server on golang.org/x/crypto/ssh that runs commands with /bin/sh. Its settings come through PEER_... variables.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	username, password := os.Getenv("PEER_USERNAME"), os.Getenv("PEER_PASSWORD")
	text, err := os.ReadFile(os.Getenv("PEER_AUTHORIZED_KEYS"))
	must(err)
	authorized, _, _, _, err := ssh.ParseAuthorizedKey(text)
	must(err)
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if meta.User() == username && bytes.Equal(key.Marshal(), authorized.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		},
		PasswordCallback: func(meta ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
			if meta.User() == username && string(given) == password {
				return nil, nil
			}
			return nil, errors.New("wrong password")
		},
	}
	if limit := os.Getenv("PEER_REKEY_BYTES"); limit != "" {
		config.RekeyThreshold, err = strconv.ParseUint(limit, 10, 64)
		must(err)
	}
	for _, path := range strings.Split(os.Getenv("PEER_HOST_KEYS"), ":") {
		text, err := os.ReadFile(path)
		must(err)
		key, err := ssh.ParsePrivateKey(text)
		must(err)
		config.AddHostKey(key)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PEER_PORT"))
	must(err)
	for {
		connection, err := listener.Accept()
		must(err)
		go serve(connection, config)
	}
}

func serve(connection net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(connection, config)
	if err != nil {
		log.Print(err)
		connection.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			offered.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		go session(channel, requests)
	}
}

func session(channel ssh.Channel, requests <-chan *ssh.Request) {
	for request := range requests {
		if request.Type != "exec" {
			request.Reply(false, nil)
			continue
		}
		length := binary.BigEndian.Uint32(request.Payload)
		command := string(request.Payload[4 : 4+length])
		request.Reply(true, nil)
		go execute(channel, command)
	}
}

func execute(channel ssh.Channel, command string) {
	defer channel.Close()
	process := exec.Command("/bin/sh", "-c", command)
	process.Stdout, process.Stderr = channel, channel.Stderr()
	// A pipe of our own: Run would wait until the client ends its input.
	stdin, err := process.StdinPipe()
	if err != nil {
		return
	}
	go func() {
		io.Copy(stdin, channel)
		stdin.Close()
	}()
	code := uint32(0)
	if err := process.Run(); err != nil {
		code = 255
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = uint32(exit.ExitCode())
		}
	}
	channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
}
