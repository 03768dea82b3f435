package measure

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

// Order is what a part is told to do. What the fields mean, the parts say.
type Order struct {
	Do      string `json:"do"`
	Streams []int  `json:"streams,omitempty"`
	N       int    `json:"n,omitempty"`
}

// reply is the answer to an order.
type reply struct {
	Error  string          `json:"error,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Obey is what a part does: it says hello on out in one line of JSON, then answers each line of in with one, one after another, and
// ends with in.
func Obey(in io.Reader, out io.Writer, hello any, do func(*Order) (any, error)) error {
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(hello); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	decoder := json.NewDecoder(bufio.NewReader(in))
	for {
		var o Order
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

// Part is a process of the running binary, so that what it does has CPU time and memory of its own. Its methods are for one
// goroutine at a time.
type Part struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

// StartPart runs this binary with "part" and args until ctx ends, and takes its hello. Its stderr is ours. The binary's command line
// has to know such commands, which Obey.
func StartPart(ctx context.Context, hello any, args ...string) (*Part, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Part{name: args[0], cmd: exec.CommandContext(ctx, binary, append([]string{"part"}, args...)...)}
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
		p.End()
		return nil, fmt.Errorf("start the %s: %w", p.name, err)
	}
	return p, nil
}

// Ask gives an order and takes the answer; into may be nil.
func (p *Part) Ask(o Order, into any) error {
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

// PID is the process's id.
func (p *Part) PID() int { return p.cmd.Process.Pid }

// End closes the part's stdin, which ends it, and waits for it.
func (p *Part) End() {
	_ = p.in.Close() // it may be gone
	_ = p.cmd.Wait() // what it has to say of its end is on stderr
}
