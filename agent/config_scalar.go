package agent

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"mirrorwatch/pipeline"
	"mirrorwatch/pipeline/jetstream"
)

// What a scalar of the configuration should have been.
var (
	errWantDuration = errors.New("want a number with a unit, such as 5s, 1m30s or 250ms")
	errWantBool     = errors.New("want true or false")
	errWantInt      = errors.New("want a whole number")
	errWantNumber   = errors.New("want a number")
)

// Limit is a time limit as stream metadata gives it: bare seconds or a duration. "" sets none, 0 switches the check off.
type Limit struct {
	pipeline.Optional[time.Duration]
}

// UnmarshalText reads a limit or nothing.
func (l *Limit) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*l = Limit{}
		return nil
	}
	d, err := jetstream.ParseLimit(string(text))
	if err != nil {
		return err
	}
	*l = Limit{pipeline.Some(d)}
	return nil
}

// MarshalText writes the limit as a duration, or nothing.
func (l Limit) MarshalText() ([]byte, error) {
	if !l.Set {
		return nil, nil
	}
	return []byte(durationText(l.Value)), nil
}

// durationText writes a duration without the zeros at its end: 5m, not 5m0s.
func durationText(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// readScalar makes the value that text stands for. Its error says what to write, and never repeats text.
func (s *shape) readScalar(text string) (any, error) {
	target := reflect.New(s.typ)
	if u, ok := target.Interface().(encoding.TextUnmarshaler); ok {
		err := u.UnmarshalText([]byte(text))
		return target.Elem().Interface(), err
	}
	if s.typ == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, errWantDuration
		}
		return d, nil
	}
	switch value := target.Elem(); s.typ.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, errWantBool
		}
		value.SetBool(b)
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(text, 10, s.typ.Bits())
		if err != nil {
			return nil, errWantInt
		}
		value.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errWantNumber
		}
		value.SetFloat(f)
	default:
		value.SetString(text)
	}
	return target.Elem().Interface(), nil
}

// checkScalar returns what is wrong with text as a value of the shape, in words for people, or "".
func (s *shape) checkScalar(text string) string {
	_, err := s.readScalar(text)
	switch {
	case err == nil:
		return ""
	case s.secret():
		return err.Error()
	default:
		return fmt.Sprintf("%q: %v", text, err)
	}
}
