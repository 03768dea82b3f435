// Package agent makes mirrorwatch of its parts: the configuration, the commands, the agent that they assemble, and its
// HTTP interface. Which rules, receivers and sources there are is said in table.go.
package agent
