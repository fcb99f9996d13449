// SPDX-License-Identifier: Apache-2.0

// Package varve reads and writes tables of Varve: rows in versions, each version an atomic commit.
//
//	table, err := varve.Open(ctx, "file:///data/books", nil)
//	rows, err := table.Scan(ctx, &varve.ScanOptions{Filter: "label = 7"})
//	for rows.Next() { … rows.RecordBatch() … }
//
// Rows cross from and to C as Arrow's C data interface, without a copy. What Varve gives out is released by the caller
// and may outlive the table; what is appended should be memory of C (memory/mallocator of arrow-go), as the rules of
// cgo want it.
//
// Errors: *Error, and errors.Is(err, errorcode.NotFound) asks for its kind; a stream that fails says so by Err, as text.
// Contexts: a call ends soon after its context is done, with errorcode.Cancelled, which is the context's error, too; a
// stopped write leaves nothing behind, but a commit whose manifest is being written fails or succeeds as usual.
// Threads: a Table may be used by several goroutines, its closing included; a reader by one at a time.
//
// It is linked with libvarve_c, which pkg-config finds as varve_c. docs/guide/go.md
package varve

// #cgo pkg-config: varve_c
// #include "varve/c/varve.h"
import "C"

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"varve.dev/go/errorcode"
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
func Open(ctx context.Context, uri string, options *OpenOptions) (*Table, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	location, open := memory.text(uri), memory.open(options, stop)
	if memory.err != nil {
		return nil, memory.err
	}
	var handle *C.varve_table
	var failed *C.varve_error
	code := C.varve_table_open(location, open, &handle, &failed)
	return tableOf(handle, takeError(ctx, code, failed))
}

// Create makes a table with the rows of a reader in its first version; the reader is read to its end and stays the
// caller's. Errors: AlreadyExists
func Create(ctx context.Context, uri string, rows array.RecordReader, options *CreateOptions) (*Table, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	location, create := memory.text(uri), memory.create(options, stop)
	if memory.err != nil {
		return nil, memory.err
	}
	stream, err := exportReader(rows)
	if err != nil {
		return nil, err
	}
	var handle *C.varve_table
	var failed *C.varve_error
	code := C.varve_table_create(location, (*C.struct_ArrowArrayStream)(unsafe.Pointer(stream)), create, &handle, &failed)
	return tableOf(handle, takeError(ctx, code, failed))
}

// CreateEmpty makes a table without rows. Errors: Invalid for a schema that is nil; AlreadyExists
func CreateEmpty(ctx context.Context, uri string, schema *arrow.Schema, options *CreateOptions) (*Table, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	location, create := memory.text(uri), memory.create(options, stop)
	if memory.err != nil {
		return nil, memory.err
	}
	if schema == nil {
		return nil, &Error{Code: errorcode.Invalid, Message: "the schema is nil"}
	}
	var handle *C.varve_table
	var failed *C.varve_error
	var exported cdata.CArrowSchema
	cdata.ExportArrowSchema(schema, &exported)
	code := C.varve_table_create_empty(location, (*C.struct_ArrowSchema)(unsafe.Pointer(&exported)), create, &handle, &failed)
	return tableOf(handle, takeError(ctx, code, failed))
}

// Close gives the table back; readers that it gave out go on. Errors: Invalid if it is closed already
func (t *Table) Close() error {
	var failed *C.varve_error
	code := C.varve_table_close(t.handle, &failed)
	return takeError(context.Background(), code, failed)
}

// State tells the version that the table is at: the one it was opened at, or the newest that it has committed or
// refreshed to.
func (t *Table) State() (State, error) {
	var state C.varve_table_state
	var failed *C.varve_error
	code := C.varve_table_get_state(t.handle, &state, &failed)
	return State{Version: uint64(state.version), NumRows: int64(state.num_rows)}, takeError(context.Background(), code, failed)
}

// Schema gives the columns of the user, as rows come and go.
func (t *Table) Schema() (*arrow.Schema, error) {
	var schema cdata.CArrowSchema
	var failed *C.varve_error
	code := C.varve_table_schema(t.handle, (*C.struct_ArrowSchema)(unsafe.Pointer(&schema)), &failed)
	if err := takeError(context.Background(), code, failed); err != nil {
		return nil, err
	}
	return cdata.ImportCArrowSchema(&schema)
}

// Refresh looks for newer versions. A table opened at a version stays there.
func (t *Table) Refresh(ctx context.Context) error {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	var failed *C.varve_error
	code := C.varve_table_refresh(t.handle, memory.call(stop), &failed)
	return takeError(ctx, code, failed)
}

// Append writes the rows of a reader as one version; nothing is visible unless it returns without an error. The reader
// is read to its end and stays the caller's.
// Errors: Invalid for rows that do not fit (the table is unchanged); CommitUnknown, with a token
func (t *Table) Append(ctx context.Context, rows array.RecordReader, options *AppendOptions) (Commit, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	appending := memory.append(options, stop)
	if memory.err != nil {
		return Commit{}, memory.err
	}
	stream, err := exportReader(rows)
	if err != nil {
		return Commit{}, err
	}
	var commit C.varve_commit
	var failed *C.varve_error
	code := C.varve_table_append(t.handle, (*C.struct_ArrowArrayStream)(unsafe.Pointer(stream)), appending, &commit, &failed)
	return commitOf(commit), takeError(ctx, code, failed)
}

// Resolve tells what became of an append that ended as CommitUnknown; the token is the error's.
// Errors: CommitConflict: it did not happen and never will; CommitUnknown: ask again later; NotFound: the versions
// that would tell are no longer kept
func (t *Table) Resolve(ctx context.Context, token string) (Commit, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	text, resolving := memory.text(token), memory.call(stop)
	if memory.err != nil {
		return Commit{}, memory.err
	}
	var commit C.varve_commit
	var failed *C.varve_error
	code := C.varve_table_resolve(t.handle, text, resolving, &commit, &failed)
	return commitOf(commit), takeError(ctx, code, failed)
}

// Scan gives rows in order, of the version that the table is at now. The caller releases the reader, which the context
// stops, too.
// Errors: Invalid for an unknown column or a filter that does not parse
func (t *Table) Scan(ctx context.Context, options *ScanOptions) (array.RecordReader, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	scan := memory.scan(options, stop)
	if memory.err != nil {
		stop.free()
		return nil, memory.err
	}
	var stream cdata.CArrowArrayStream
	var failed *C.varve_error
	code := C.varve_table_scan(t.handle, scan, (*C.struct_ArrowArrayStream)(unsafe.Pointer(&stream)), &failed)
	if err := takeError(ctx, code, failed); err != nil {
		stop.free()
		return nil, err
	}
	imported, err := cdata.ImportCRecordReader(&stream, nil)
	if err != nil {
		stop.free()
		return nil, err
	}
	rows, ok := imported.(array.RecordReader)
	if !ok {
		stop.free()
		return nil, fmt.Errorf("varve: arrow-go reads streams as %T, which is no array.RecordReader", imported)
	}
	return newReader(rows, stop), nil
}

// Take gives rows by position, in the order given, repetitions allowed. The caller releases them.
// Errors: Invalid naming the first position out of range
func (t *Table) Take(ctx context.Context, rows []int64, options *TakeOptions) (arrow.RecordBatch, error) {
	return take(ctx, options, func(options *C.varve_take_options, batch *C.struct_ArrowArray, schema *C.struct_ArrowSchema,
		failed **C.varve_error) C.varve_code {
		return C.varve_table_take(t.handle, (*C.int64_t)(unsafe.SliceData(rows)), C.size_t(len(rows)), options, batch, schema, failed)
	})
}

// TakeRowIDs gives rows by row id: a row keeps the one it got when it was appended ("RowID" in a scan that names that
// column), whatever becomes of its position. The rest is as for Take.
// Errors: NotFound naming the first id that is not live
func (t *Table) TakeRowIDs(ctx context.Context, rowIDs []uint64, options *TakeOptions) (arrow.RecordBatch, error) {
	return take(ctx, options, func(options *C.varve_take_options, batch *C.struct_ArrowArray, schema *C.struct_ArrowSchema,
		failed **C.varve_error) C.varve_code {
		return C.varve_table_take_row_ids(t.handle, (*C.uint64_t)(unsafe.SliceData(rowIDs)), C.size_t(len(rowIDs)), options,
			batch, schema, failed)
	})
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
func exportReader(rows array.RecordReader) (*cdata.CArrowArrayStream, error) {
	if rows == nil {
		return nil, &Error{Code: errorcode.Invalid, Message: "the reader of rows is nil"}
	}
	stream := new(cdata.CArrowArrayStream)
	cdata.ExportRecordReader(rows, stream)
	return stream, nil
}

// take is a take, whichever way the call asks for its rows.
func take(ctx context.Context, options *TakeOptions, call func(*C.varve_take_options, *C.struct_ArrowArray, *C.struct_ArrowSchema,
	**C.varve_error) C.varve_code) (arrow.RecordBatch, error) {
	var memory arena
	defer memory.free()
	stop := newStop(ctx)
	defer stop.free()
	taking := memory.take(options, stop)
	if memory.err != nil {
		return nil, memory.err
	}
	var batch cdata.CArrowArray
	var schema cdata.CArrowSchema
	var failed *C.varve_error
	code := call(taking, (*C.struct_ArrowArray)(unsafe.Pointer(&batch)),
		(*C.struct_ArrowSchema)(unsafe.Pointer(&schema)), &failed)
	if err := takeError(ctx, code, failed); err != nil {
		return nil, err
	}
	return cdata.ImportCRecordBatch(&batch, &schema)
}
