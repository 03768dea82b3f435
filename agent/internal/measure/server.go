package measure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// StartServer runs a NATS server within this process until it is shut down, and returns once it takes clients. Config is the text of
// its configuration file.
func StartServer(config []byte) (*server.Server, error) {
	dir, err := os.MkdirTemp("", "measure-server-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "server.conf")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return nil, err
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		return nil, fmt.Errorf("configure the server: %w", err)
	}
	options.NoSigs = true
	running, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("make the server: %w", err)
	}
	running.Start()
	if !running.ReadyForConnections(time.Minute) {
		running.Shutdown()
		return nil, errors.New("start the server: not ready after a minute")
	}
	return running, nil
}
