package measure

// Memory is what a process has in memory, in bytes.
type Memory struct {
	Resident int64
	Anon     int64 // of it, the process's own
	File     int64 // of it, pages of files: the binary and the journal; the system takes them back when it needs them
	Most     int64 // that was ever resident
}
