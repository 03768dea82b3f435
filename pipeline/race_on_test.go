//go:build race

package pipeline_test

const racing = true // the race detector is on

// A test in virtual time is one goroutine, where the race detector has nothing to find, and is some ten times slower: there it has a
// tenth of the streams, and of the looks that they share. CI runs it whole without.
const shrunk = 10
