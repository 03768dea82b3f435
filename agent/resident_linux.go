package agent

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// letGo unmaps the program's code and constants from the process's memory, of which a running agent uses a quarter. What it uses comes
// back from the kernel's cache, in some two hundred faults that read no disk; the rest stays in that cache as far as the kernel likes.
func letGo() error {
	all, err := programMappings()
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := m.advise(syscall.MADV_DONTNEED); err != nil {
			return fmt.Errorf("let go of pages: %w", err)
		}
	}
	return nil
}

// mapping is where a part of a file is in memory.
type mapping struct{ from, to uintptr }

func (m mapping) advise(how uintptr) error {
	if _, _, failed := syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, how); failed != 0 {
		return failed
	}
	return nil
}

// programMappings returns those of the program that nobody writes to and that are as the file is: without relocations, and without
// what a debugger put there.
func programMappings() (all []mapping, err error) {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("find program: %w", err)
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	defer maps.Close()
	var m mapping
	mine := false
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		line := lines.Text()
		switch name, rest, _ := strings.Cut(line, " "); {
		case !strings.HasSuffix(name, ":"): // the first line of a mapping
			if _, err := fmt.Sscanf(name, "%x-%x", &m.from, &m.to); err != nil {
				return nil, fmt.Errorf("read mapping %q: %w", line, err)
			}
			readOnly := strings.HasPrefix(rest, "r-xp ") || strings.HasPrefix(rest, "r--p ")
			mine = readOnly && strings.HasSuffix(line, " "+program)
		case mine && name == "Anonymous:" && strings.TrimSpace(rest) == "0 kB": // none of its pages is another than the file's
			all = append(all, m)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	return all, nil
}
