//go:build !unix

package pipelinetest

import (
	"errors"
	"os"
	"os/exec"
)

func detach(*exec.Cmd) {}

func freeze(*os.Process) error { return errors.ErrUnsupported }

func thaw(*os.Process) error { return errors.ErrUnsupported }
