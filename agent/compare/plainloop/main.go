// Command plainloop is the check of mirrors that most people write first: every stream's name, then each stream's state, held against
// two numbers. agent/compare measures it beside the others. It prints a line a mirror; see docs/compare.md for what it misses.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	mostLag    = 100
	mostSilent = time.Minute
)

func main() {
	nc, err := nats.Connect(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		log.Fatal(err)
	}
	names := js.StreamNames(context.Background())
	for name := range names.Name() {
		stream, err := js.Stream(context.Background(), name)
		if err != nil {
			log.Fatal(err)
		}
		mirror := stream.CachedInfo().Mirror
		if mirror == nil {
			continue
		}
		verdict := "ok"
		if mirror.Lag >= mostLag || mirror.Active >= mostSilent {
			verdict = "critical"
		}
		fmt.Printf("%s %s: lag %d, active %v\n", name, verdict, mirror.Lag, mirror.Active)
	}
	if err := names.Err(); err != nil {
		log.Fatal(err)
	}
}
