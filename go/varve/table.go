// SPDX-License-Identifier: Apache-2.0

// Package varve reads and writes tables of Varve: rows in versions, each version an atomic commit.
//
//	table, err := varve.Open("file:///data/books", nil)
//	rows, err := table.Scan(&varve.ScanOptions{Filter: "label = 7"})
//	for rows.Next() { … rows.RecordBatch() … }
//
// Rows cross from and to C as Arrow's C data interface, without a copy. What Varve gives out is released by the caller
// and may outlive the table; what is appended should be memory of C (memory/mallocator of arrow-go), as the rules of
// cgo want it.
//
// Errors: *Error, and errors.Is(err, errorcode.NotFound) asks for its kind; a stream that fails says so by Err, as text.
// Threads: a Table may be used by several goroutines, its closing included; a reader by one at a time.
//
// It is linked with libvarve_c, which pkg-config finds as varve_c. docs/guide/go.md
package varve

// #cgo pkg-config: varve_c
// #include "varve/c/varve.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
)

// Table is a table that is open, at one of its versions.
type Table struct {
	handle *C.varve_table
}

// State is the version that a Table is at.
type State struct {
	Version uint64
	NumRows int64
}

// Commit is what an append came to.
type Commit struct {
	Version   uint64
	RowsAdded int64
}

// Open opens a table. Errors: NotFound if there is no table or no such version
func Open(uri string, options *OpenOptions) (*Table, error) {
	var memory arena
	defer memory.free()
	var handle *C.varve_table
	var failed *C.varve_error
	code := C.varve_table_open(memory.text(uri), memory.open(options), &handle, &failed)
	return tableOf(handle, takeError(code, failed))
}

// Create makes a table with the rows of a reader in its first version; the reader is read to its end and stays the
// caller's. Errors: AlreadyExists
func Create(uri string, rows array.RecordReader, options *CreateOptions) (*Table, error) {
	var memory arena
	defer memory.free()
	var handle *C.varve_table
	var failed *C.varve_error
	stream := exportReader(rows)
	code := C.varve_table_create(memory.text(uri), (*C.struct_ArrowArrayStream)(unsafe.Pointer(stream)),
		memory.create(options), &handle, &failed)
	return tableOf(handle, takeError(code, failed))
}

// CreateEmpty makes a table without rows. Errors: AlreadyExists
func CreateEmpty(uri string, schema *arrow.Schema, options *CreateOptions) (*Table, error) {
	var memory arena
	defer memory.free()
	var handle *C.varve_table
	var failed *C.varve_error
	var exported cdata.CArrowSchema
	cdata.ExportArrowSchema(schema, &exported)
	code := C.varve_table_create_empty(memory.text(uri), (*C.struct_ArrowSchema)(unsafe.Pointer(&exported)),
		memory.create(options), &handle, &failed)
	return tableOf(handle, takeError(code, failed))
}

// Close gives the table back; readers that it gave out go on. Errors: Invalid if it is closed already
func (t *Table) Close() error {
	var failed *C.varve_error
	code := C.varve_table_close(t.handle, &failed)
	return takeError(code, failed)
}

// State tells the version that the table is at: the one it was opened at, or the newest that it has committed or
// refreshed to.
func (t *Table) State() (State, error) {
	var state C.varve_table_state
	var failed *C.varve_error
	code := C.varve_table_get_state(t.handle, &state, &failed)
	return State{Version: uint64(state.version), NumRows: int64(state.num_rows)}, takeError(code, failed)
}

// Schema gives the columns of the user, as rows come and go.
func (t *Table) Schema() (*arrow.Schema, error) {
	var schema cdata.CArrowSchema
	var failed *C.varve_error
	code := C.varve_table_schema(t.handle, (*C.struct_ArrowSchema)(unsafe.Pointer(&schema)), &failed)
	if err := takeError(code, failed); err != nil {
		return nil, err
	}
	return cdata.ImportCArrowSchema(&schema)
}

// Refresh looks for newer versions. A table opened at a version stays there.
func (t *Table) Refresh() error {
	var failed *C.varve_error
	code := C.varve_table_refresh(t.handle, &failed)
	return takeError(code, failed)
}

// Append writes the rows of a reader as one version; nothing is visible unless it returns without an error. The reader
// is read to its end and stays the caller's.
// Errors: Invalid for rows that do not fit (the table is unchanged); CommitUnknown, with a token
func (t *Table) Append(rows array.RecordReader, options *AppendOptions) (Commit, error) {
	var memory arena
	defer memory.free()
	var commit C.varve_commit
	var failed *C.varve_error
	stream := exportReader(rows)
	code := C.varve_table_append(t.handle, (*C.struct_ArrowArrayStream)(unsafe.Pointer(stream)), memory.append(options),
		&commit, &failed)
	return commitOf(commit), takeError(code, failed)
}

// Resolve tells what became of an append that ended as CommitUnknown; the token is the error's.
// Errors: CommitConflict: it did not happen and never will; CommitUnknown: ask again later; NotFound: the versions
// that would tell are no longer kept
func (t *Table) Resolve(token string) (Commit, error) {
	var memory arena
	defer memory.free()
	var commit C.varve_commit
	var failed *C.varve_error
	code := C.varve_table_resolve(t.handle, memory.text(token), &commit, &failed)
	return commitOf(commit), takeError(code, failed)
}

// Scan gives rows in order, of the version that the table is at now. The caller releases the reader.
// Errors: Invalid for an unknown column or a filter that does not parse
func (t *Table) Scan(options *ScanOptions) (array.RecordReader, error) {
	var memory arena
	defer memory.free()
	var stream cdata.CArrowArrayStream
	var failed *C.varve_error
	code := C.varve_table_scan(t.handle, memory.scan(options), (*C.struct_ArrowArrayStream)(unsafe.Pointer(&stream)), &failed)
	if err := takeError(code, failed); err != nil {
		return nil, err
	}
	imported, err := cdata.ImportCRecordReader(&stream, nil)
	if err != nil {
		return nil, err
	}
	reader, ok := imported.(array.RecordReader)
	if !ok {
		return nil, fmt.Errorf("varve: arrow-go reads streams as %T, which is no array.RecordReader", imported)
	}
	return reader, nil
}

// Take gives rows by position, in the order given, repetitions allowed. The caller releases them.
// Errors: Invalid naming the first position out of range
func (t *Table) Take(rows []int64, options *TakeOptions) (arrow.RecordBatch, error) {
	var memory arena
	defer memory.free()
	var batch cdata.CArrowArray
	var schema cdata.CArrowSchema
	var failed *C.varve_error
	code := C.varve_table_take(t.handle, (*C.int64_t)(unsafe.SliceData(rows)), C.size_t(len(rows)), memory.take(options),
		(*C.struct_ArrowArray)(unsafe.Pointer(&batch)), (*C.struct_ArrowSchema)(unsafe.Pointer(&schema)), &failed)
	if err := takeError(code, failed); err != nil {
		return nil, err
	}
	return cdata.ImportCRecordBatch(&batch, &schema)
}

func tableOf(handle *C.varve_table, err error) (*Table, error) {
	if err != nil {
		return nil, err
	}
	return &Table{handle: handle}, nil
}

func commitOf(commit C.varve_commit) Commit {
	return Commit{Version: uint64(commit.version), RowsAdded: int64(commit.rows_added)}
}

// exportReader lends rows out as a stream, which has a reference of its own; the call that takes it releases it.
func exportReader(rows array.RecordReader) *cdata.CArrowArrayStream {
	stream := new(cdata.CArrowArrayStream)
	cdata.ExportRecordReader(rows, stream)
	return stream
}
