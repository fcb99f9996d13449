// SPDX-License-Identifier: Apache-2.0

// Package packed reads and writes packed sets of Milvus' storage V2: one Parquet file a column group, aligned by row
// offsets.
//
//	writer, err := packed.NewPackedWriter(paths, schema, 0, 0, groups, &packed.StorageConfig{StorageType: "local", RootPath: "/data"})
//	err = writer.WriteRecordBatch(batch)
//	err = writer.Close()
//
//	reader, err := packed.NewPackedReader(paths, schema, 0, storage)
//	for batch, err := reader.ReadNext(); err != io.EOF; batch, err = reader.ReadNext() { … }
//
// Rows cross from and to C as Arrow's C data interface, without a copy; what is written should be memory of C
// (memory/mallocator of arrow-go), as the rules of cgo want it, since a writer holds on to it.
//
// Errors: *Error, and errors.Is(err, errorcode.NotFound) asks for its kind
// Threads: a reader or writer is used by one goroutine at a time
//
// It is linked with libvarve_milvus_packed, which pkg-config finds by that name without lib. docs/guide/go.md
package packed

// #cgo pkg-config: varve_milvus_packed
// #include <stdlib.h>
// #include "varve/c/milvus_packed.h"
import "C"

import (
	"io"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/cdata"
)

// PackedReader reads one packed set.
type PackedReader struct {
	handle C.CPackedReader   // nil: closed
	batch  arrow.RecordBatch // given out last
}

// NewPackedReader opens the files of one set for the fields of the schema, which are found by their ids; one that the
// set lacks reads as nulls. A store that is nil is that of InitArrowFileSystem. bufferSize bounds what is read ahead; 0:
// no limit.
// Errors: Invalid for a schema that is nil; Unsupported for a stored type that differs from the one asked for; Corruption
// naming the file
func NewPackedReader(filePaths []string, schema *arrow.Schema, bufferSize int64, storageConfig *StorageConfig) (*PackedReader, error) {
	var memory arena
	defer memory.free()
	paths, numPaths := memory.texts(filePaths), C.int64_t(len(filePaths))
	store := memory.storageConfig(storageConfig)
	if memory.err != nil {
		return nil, memory.err
	}
	var exported cdata.CArrowSchema
	if err := exportSchema(schema, &exported); err != nil {
		return nil, err
	}
	cSchema := (*C.struct_ArrowSchema)(unsafe.Pointer(&exported))

	reader := &PackedReader{}
	var status C.CStatus
	if storageConfig == nil {
		status = C.NewPackedReader(paths, numPaths, cSchema, C.int64_t(bufferSize), &reader.handle, nil)
	} else {
		status = C.NewPackedReaderWithStorageConfig(paths, numPaths, cSchema, C.int64_t(bufferSize), store, &reader.handle, nil)
	}
	if err := takeStatus(status); err != nil {
		return nil, err
	}
	return reader, nil
}

// ReadNext gives the next rows, at most 1,024, and io.EOF at their end and once the reader is closed. They are the
// reader's, until the next ReadNext or Close; who keeps them longer, retains them.
func (r *PackedReader) ReadNext() (arrow.RecordBatch, error) {
	r.release()
	array, schema, err := r.readNext()
	if err != nil {
		return nil, err
	}
	defer freeStructures(array, schema)
	r.batch, err = cdata.ImportCRecordBatch(array, schema)
	return r.batch, err
}

// readNext gives the next rows as structures of C, which the caller releases and frees.
func (r *PackedReader) readNext() (*cdata.CArrowArray, *cdata.CArrowSchema, error) {
	if r.handle == nil {
		return nil, nil, io.EOF
	}
	var array C.CArrowArray
	var schema C.CArrowSchema
	if err := takeStatus(C.ReadNext(r.handle, &array, &schema)); err != nil {
		return nil, nil, err
	}
	if array == nil {
		return nil, nil, io.EOF
	}
	return (*cdata.CArrowArray)(array), (*cdata.CArrowSchema)(schema), nil
}

// freeStructures frees what is left of structures that were imported.
func freeStructures(array *cdata.CArrowArray, schema *cdata.CArrowSchema) {
	C.free(unsafe.Pointer(array))
	C.free(unsafe.Pointer(schema))
}

// Close gives the reader back, and the rows that it gave out last. Closing it again does nothing.
func (r *PackedReader) Close() error {
	r.release()
	if r.handle == nil {
		return nil
	}
	handle := r.handle
	r.handle = nil
	return takeStatus(C.CloseReader(handle))
}

func (r *PackedReader) release() {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
}
