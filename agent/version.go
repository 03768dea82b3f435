package agent

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version may be set by the linker: -ldflags "-X mirrorwatch/agent.version=v1.2.3".
var version string

// Build says which program this is.
type Build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"` // of the commit, RFC 3339
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ThisBuild returns what the linker and the Go toolchain recorded.
func ThisBuild() Build {
	b := Build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = cmp.Or(b.Version, "unknown")
		return b
	}
	b.Version = cmp.Or(b.Version, info.Main.Version, "unknown")
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}

// String gives the build on one line.
func (b Build) String() string {
	text := "mirrorwatch " + b.Version
	if b.Commit != "" {
		text += " commit " + b.Commit[:min(12, len(b.Commit))]
	}
	if b.Modified {
		text += " (modified)"
	}
	if b.Time != "" {
		text += " of " + b.Time
	}
	return fmt.Sprintf("%s, %s %s", text, b.Go, b.Platform)
}
