package journal

import (
	"syscall"

	"go.etcd.io/bbolt"
)

// letGo unmaps the file's pages from the process's memory, where they would count as its own for as long as it runs: with 100,000
// links that is 100 MiB, of which a commit needs a few. They stay in the kernel's cache as far as it likes.
func letGo(db *bbolt.DB) {
	_ = guard(func() error { // what is wrong with the file, the next commit tells
		return db.View(func(tx *bbolt.Tx) error { // it cannot be mapped elsewhere meanwhile
			// An error means that they stay.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, db.Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
			return nil
		})
	})
}
