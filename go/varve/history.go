// SPDX-License-Identifier: Apache-2.0

package varve

// #include "varve/c/varve.h"
import "C"

import "context"

// VersionInfo is one version, as the history tells of it.
type VersionInfo struct {
	Version      uint64
	CommitMicros int64  // since the epoch, UTC
	Operation    string // "create", "append", …
	RowsAdded    int64
	RowsRemoved  int64
	NumRows      int64  // live rows of that version
	Message      string // of the caller who made it; may be empty
}

// History gives the versions of the table from the newest back, at most limit; 0: all.
func (t *Table) History(ctx context.Context, limit int64) ([]VersionInfo, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	var history *C.varve_history
	var failed *C.varve_error
	code := C.varve_table_history(t.handle, memory.history(limit, stop), &history, &failed)
	if err := takeError(ctx, code, failed); err != nil {
		return nil, err
	}
	defer C.varve_history_free(history)
	versions := make([]VersionInfo, C.varve_history_size(history))
	for i := range versions {
		info := C.varve_history_at(history, C.size_t(i))
		versions[i] = VersionInfo{
			Version:      uint64(info.version),
			CommitMicros: int64(info.commit_micros),
			Operation:    C.GoString(info.operation),
			RowsAdded:    int64(info.rows_added),
			RowsRemoved:  int64(info.rows_removed),
			NumRows:      int64(info.num_rows),
			Message:      C.GoString(info.message),
		}
	}
	return versions, nil
}
