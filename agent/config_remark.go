package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// remark reports what is no fault but worth knowing.
func (c *Config) remark(report func(path, text string)) {
	c.Rules.remark(under("rules", report))
	names := c.Exporters.names()
	switch len(names) {
	case 0:
		report("exporters", "there is no receiver (webhook, slack, alertmanager): nobody is told of an incident")
	case len(c.Exporters.OTLPLog):
		report("exporters.otlplog", "is the only kind of receiver: incidents are told as log records, and nobody is called; alert on them where they arrive, or add a webhook, slack or alertmanager")
	}
	c.remarkRoutes(report)
	c.Fallback.remark(names, under("fallback", report))
	eachFile(schema(), reflect.ValueOf(c), "", func(path, file string) {
		f, err := os.Open(file)
		if err == nil {
			err = f.Close()
		}
		if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
			report(path, fmt.Sprintf("%s cannot be read from here: %v", file, pathErr.Err))
		}
	})
}

// eachFile visits every path of a file that is set: the keys that end in _file, and what is under those in _files.
func eachFile(s *shape, v reflect.Value, path string, visit func(path, file string)) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch s.kind {
	case shapeMapping:
		for _, k := range s.keys {
			eachFile(k.shape, v.FieldByIndex(k.index), join(path, k.name), visit)
		}
	case shapeList:
		for i := range v.Len() {
			eachFile(s.element, v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case shapeTable:
		for _, key := range v.MapKeys() {
			if strings.HasSuffix(path, "_files") {
				visit(join(path, key.String()), v.MapIndex(key).String())
			}
		}
	case shapeScalar:
		if strings.HasSuffix(path, "_file") && v.Kind() == reflect.String && v.String() != "" {
			visit(path, v.String())
		}
	}
}
