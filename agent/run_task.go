package agent

import "context"

// task is a goroutine that can be ended by itself. A nil one has ended.
type task struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// begin starts a task that ends with ctx, or with end.
func begin(ctx context.Context, run func(context.Context)) *task {
	ctx, cancel := context.WithCancel(ctx)
	t := &task{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer cancel()
		run(ctx)
	}()
	return t
}

// end stops the task, and returns once it has.
func (t *task) end() {
	if t != nil {
		t.cancel()
		<-t.done
	}
}

// wait returns once the task has ended.
func (t *task) wait() {
	if t != nil {
		<-t.done
	}
}
