package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// partCommands are what this binary does in the processes that it starts of itself, so that each has CPU time and memory of its
// own. A part says hello on stdout in one line of JSON, then answers each line of stdin with one, and ends with stdin.
type partCommands struct {
	Server serverPart `cmd:""`
	Fleet  fleetPart  `cmd:""`
	Raw    rawPart    `cmd:""`
}

// order is what a part is told to do. What the fields mean, the parts say.
type order struct {
	Do      string `json:"do"`
	Streams []int  `json:"streams,omitempty"`
	N       int    `json:"n,omitempty"`
}

// reply is the answer to an order.
type reply struct {
	Error  string          `json:"error,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// obey says hello and answers orders until in ends, one after another.
func obey(in io.Reader, out io.Writer, hello any, do func(*order) (any, error)) error {
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(hello); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	decoder := json.NewDecoder(bufio.NewReader(in))
	for {
		var o order
		if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		var r reply
		answer, err := do(&o)
		if err == nil {
			r.Answer, err = json.Marshal(answer)
		}
		if err != nil {
			r.Error = err.Error()
		}
		if err := encoder.Encode(r); err != nil {
			return fmt.Errorf("answer %q: %w", o.Do, err)
		}
	}
}

// part is a part as the command that started it sees it. Its methods are for one goroutine at a time.
type part struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

// startPart runs this binary with the part's arguments until ctx ends, and takes its hello. Its stderr is ours.
func startPart(ctx context.Context, hello any, args ...string) (*part, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &part{name: args[0], cmd: exec.CommandContext(ctx, binary, append([]string{"part"}, args...)...)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", p.name, err)
	}
	p.out = json.NewDecoder(out)
	if err := p.out.Decode(hello); err != nil {
		p.end()
		return nil, fmt.Errorf("start the %s: %w", p.name, err)
	}
	return p, nil
}

// ask gives an order and takes the answer; into may be nil.
func (p *part) ask(o order, into any) error {
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		return fmt.Errorf("tell the %s to %s: %w", p.name, o.Do, err)
	}
	var r reply
	if err := p.out.Decode(&r); err != nil {
		return fmt.Errorf("tell the %s to %s: %w", p.name, o.Do, err)
	}
	if r.Error != "" {
		return fmt.Errorf("tell the %s to %s: %s", p.name, o.Do, r.Error)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(r.Answer, into); err != nil {
		return fmt.Errorf("understand the %s: %w", p.name, err)
	}
	return nil
}

// pid is the process's id.
func (p *part) pid() int { return p.cmd.Process.Pid }

// end closes the part's stdin, which ends it, and waits for it.
func (p *part) end() {
	_ = p.in.Close() // it may be gone
	_ = p.cmd.Wait() // it was told to end; how it does makes no difference
}
