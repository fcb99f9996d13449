// SPDX-License-Identifier: Apache-2.0

package varve

// #include <stdlib.h>
// #include "varve/c/varve.h"
import "C"

import "unsafe"

// OpenOptions says which version of a table, and how to get at its store.
type OpenOptions struct {
	Version    uint64            // 0: the newest
	AsOfMicros int64             // newest version committed at or before, since the epoch; 0: not asked
	Storage    map[string]string // docs/guide/object-stores.md
}

// CreateOptions are of a table's making.
type CreateOptions struct {
	PrimaryKey string // name of the column; empty: none
	Message    string // kept in the history
	Storage    map[string]string

	KeepsTimestamps bool // as AppendOptions
}

// AppendOptions are of one commit.
type AppendOptions struct {
	Message string // kept in the history
	// KeepsTimestamps: the rows have a column "Timestamp" too, an int64 without nulls: their hybrid timestamps
	// (milliseconds since the epoch times 2^18, and a counter), stored with them and shown in place of the commit's.
	// From 2^63 on they are negative.
	KeepsTimestamps bool
}

// ScanOptions says which rows and columns.
type ScanOptions struct {
	Columns          []string // in this order; empty: all of the user's
	Filter           string   // "label = 7 AND ts >= 100"; empty: all rows
	Limit            int64    // rows; 0: no limit
	BatchSize        int64    // rows, an upper bound; 0: 8192
	SkipVerification bool     // of checksums
}

// TakeOptions says which columns.
type TakeOptions struct {
	Columns          []string
	SkipVerification bool
}

// arena is memory of C that lives as long as a call. Options go there, since memory of Go that has pointers in it may
// not be shown to C; those that are nil, too, for their stop.
type arena []unsafe.Pointer

func (a *arena) free() {
	for _, memory := range *a {
		C.free(memory)
	}
}

func (a *arena) allocate(bytes uintptr) unsafe.Pointer {
	memory := C.calloc(1, C.size_t(max(bytes, 1)))
	*a = append(*a, memory)
	return memory
}

// text is NULL for the empty one.
func (a *arena) text(text string) *C.char {
	if text == "" {
		return nil
	}
	copied := C.CString(text)
	*a = append(*a, unsafe.Pointer(copied))
	return copied
}

func flag(set bool) C.uint64_t {
	if set {
		return 1
	}
	return 0
}

func (a *arena) texts(texts []string) (**C.char, C.size_t) {
	if len(texts) == 0 {
		return nil, 0
	}
	first := (**C.char)(a.allocate(uintptr(len(texts)) * unsafe.Sizeof((*C.char)(nil))))
	for i, text := range texts {
		copied := C.CString(text)
		*a = append(*a, unsafe.Pointer(copied))
		unsafe.Slice(first, len(texts))[i] = copied
	}
	return first, C.size_t(len(texts))
}

func (a *arena) storage(options map[string]string) (*C.varve_option, C.size_t) {
	if len(options) == 0 {
		return nil, 0
	}
	first := (*C.varve_option)(a.allocate(uintptr(len(options)) * unsafe.Sizeof(C.varve_option{})))
	all, i := unsafe.Slice(first, len(options)), 0
	for key, value := range options {
		all[i].key, all[i].value = C.CString(key), C.CString(value)
		*a = append(*a, unsafe.Pointer(all[i].key), unsafe.Pointer(all[i].value))
		i++
	}
	return first, C.size_t(len(options))
}

func (a *arena) open(options *OpenOptions, stop *stop) *C.varve_open_options {
	if options == nil {
		options = &OpenOptions{}
	}
	out := (*C.varve_open_options)(a.allocate(unsafe.Sizeof(C.varve_open_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	out.version, out.as_of_micros = C.uint64_t(options.Version), C.int64_t(options.AsOfMicros)
	out.storage, out.num_storage = a.storage(options.Storage)
	return out
}

func (a *arena) create(options *CreateOptions, stop *stop) *C.varve_create_options {
	if options == nil {
		options = &CreateOptions{}
	}
	out := (*C.varve_create_options)(a.allocate(unsafe.Sizeof(C.varve_create_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	out.primary_key, out.message = a.text(options.PrimaryKey), a.text(options.Message)
	out.storage, out.num_storage = a.storage(options.Storage)
	out.keeps_timestamps = flag(options.KeepsTimestamps)
	return out
}

func (a *arena) append(options *AppendOptions, stop *stop) *C.varve_append_options {
	if options == nil {
		options = &AppendOptions{}
	}
	out := (*C.varve_append_options)(a.allocate(unsafe.Sizeof(C.varve_append_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	out.message = a.text(options.Message)
	out.keeps_timestamps = flag(options.KeepsTimestamps)
	return out
}

func (a *arena) scan(options *ScanOptions, stop *stop) *C.varve_scan_options {
	if options == nil {
		options = &ScanOptions{}
	}
	out := (*C.varve_scan_options)(a.allocate(unsafe.Sizeof(C.varve_scan_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	out.filter = a.text(options.Filter)
	out.columns, out.num_columns = a.texts(options.Columns)
	out.limit, out.batch_size = C.int64_t(options.Limit), C.int64_t(options.BatchSize)
	out.skip_verification = C.bool(options.SkipVerification)
	return out
}

func (a *arena) take(options *TakeOptions, stop *stop) *C.varve_take_options {
	if options == nil {
		options = &TakeOptions{}
	}
	out := (*C.varve_take_options)(a.allocate(unsafe.Sizeof(C.varve_take_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	out.columns, out.num_columns = a.texts(options.Columns)
	out.skip_verification = C.bool(options.SkipVerification)
	return out
}

func (a *arena) history(limit int64, stop *stop) *C.varve_history_options {
	out := (*C.varve_history_options)(a.allocate(unsafe.Sizeof(C.varve_history_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	out.limit = C.int64_t(limit)
	return out
}

func (a *arena) call(stop *stop) *C.varve_call_options {
	out := (*C.varve_call_options)(a.allocate(unsafe.Sizeof(C.varve_call_options{})))
	out.struct_size, out.stop = C.size_t(unsafe.Sizeof(*out)), stop.handle
	return out
}
