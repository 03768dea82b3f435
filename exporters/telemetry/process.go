package telemetry

import (
	"bytes"
	"os"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// observeProcess tells what the operating system says of the process, where it does. Names are those of OpenTelemetry.
func observeProcess(m *maker) {
	usage, err := m.meter.Int64ObservableUpDownCounter("process.memory.usage", metric.WithUnit("By"),
		metric.WithDescription("Resident memory of the process."))
	m.problem(err)
	m.callback(func(to metric.Observer) {
		if size, known := residentMemory(); known {
			to.ObserveInt64(usage, size)
		}
	}, usage)
	spent, err := m.meter.Float64ObservableCounter("process.cpu.time", metric.WithUnit("s"),
		metric.WithDescription("CPU time that the process took."))
	m.problem(err)
	m.callback(func(to metric.Observer) {
		if user, system, known := processorTime(); known {
			to.ObserveFloat64(spent, user.Seconds(), metric.WithAttributes(attribute.String("cpu.mode", "user")))
			to.ObserveFloat64(spent, system.Seconds(), metric.WithAttributes(attribute.String("cpu.mode", "system")))
		}
	}, spent)
}

// residentMemory is told by Linux only: other systems tell no more than the most that it ever was.
func residentMemory() (size int64, known bool) {
	text, err := os.ReadFile("/proc/self/statm") // pages: all, resident, ...
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}
