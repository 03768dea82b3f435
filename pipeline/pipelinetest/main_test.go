package pipelinetest_test

import (
	"testing"

	"mirrorwatch/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { pipelinetest.Main(m) }
