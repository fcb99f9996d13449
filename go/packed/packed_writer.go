// SPDX-License-Identifier: Apache-2.0

package packed

// #include "varve/c/milvus_packed.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"varve.dev/go/errorcode"
)

// PackedWriter writes one packed set: a file a column group. Files do not exist until it is closed.
type PackedWriter struct {
	handle    C.CPackedWriter
	numGroups int
}

// NewPackedWriter opens a writer; filePaths[i] is the file of columnGroups[i]. Every field of the schema has its id as
// metadata "PARQUET:field_id". A store that is nil is that of InitArrowFileSystem. Zero sizes are the defaults: rows are
// written when a row group is full.
// Errors: Invalid for a schema that is nil, a field without id, a type that Milvus does not store, a column in no group or
// in two, unequal counts; AlreadyExists naming a file that is there
func NewPackedWriter(filePaths []string, schema *arrow.Schema, bufferSize, multiPartUploadSize int64,
	columnGroups []ColumnGroup, storageConfig *StorageConfig) (*PackedWriter, error) {
	var memory arena
	defer memory.free()
	splits := C.NewCColumnSplits()
	defer C.FreeCColumnSplits(splits)
	for _, group := range columnGroups {
		columns := make([]C.int, len(group.Columns))
		for i, column := range group.Columns {
			if int(C.int(column)) != column {
				return nil, &Error{errorcode.Invalid, fmt.Sprintf("a column group names column %d of a schema", column)}
			}
			columns[i] = C.int(column)
		}
		C.AddCColumnSplit(splits, unsafe.SliceData(columns), C.int(len(columns)))
	}
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

	writer := &PackedWriter{numGroups: len(columnGroups)}
	var status C.CStatus
	if storageConfig == nil {
		status = C.NewPackedWriter(cSchema, C.int64_t(bufferSize), paths, numPaths, C.int64_t(multiPartUploadSize), splits,
			&writer.handle, nil)
	} else {
		status = C.NewPackedWriterWithStorageConfig(cSchema, C.int64_t(bufferSize), paths, numPaths,
			C.int64_t(multiPartUploadSize), splits, store, &writer.handle, nil)
	}
	if err := takeStatus(status); err != nil {
		return nil, err
	}
	return writer, nil
}

// WriteRecordBatch appends rows, whose columns are those of the schema. The writer holds their buffers until they are
// written, at the latest when it is closed.
func (w *PackedWriter) WriteRecordBatch(batch arrow.RecordBatch) error {
	if batch == nil {
		return &Error{errorcode.Invalid, "the batch is nil"}
	}
	var memory arena
	defer memory.free()
	numColumns := int(batch.NumCols())
	arrays := (*cdata.CArrowArray)(memory.allocate(numColumns, unsafe.Sizeof(cdata.CArrowArray{})))
	schemas := (*cdata.CArrowSchema)(memory.allocate(numColumns, unsafe.Sizeof(cdata.CArrowSchema{})))
	for i := range numColumns {
		cdata.ExportArrowArray(batch.Column(i), &unsafe.Slice(arrays, numColumns)[i], &unsafe.Slice(schemas, numColumns)[i])
	}
	var schema cdata.CArrowSchema
	cdata.ExportArrowSchema(batch.Schema(), &schema)
	return takeStatus(C.WriteRecordBatch(w.handle, (*C.struct_ArrowArray)(unsafe.Pointer(arrays)),
		(*C.struct_ArrowSchema)(unsafe.Pointer(schemas)), (*C.struct_ArrowSchema)(unsafe.Pointer(&schema))))
}

// Close makes the files visible. The writer is closed in any case. Errors: AlreadyExists naming a file that came since the
// writer was opened
func (w *PackedWriter) Close() error { return takeStatus(C.CloseWriter(w.handle)) }

// CloseAndTell does so, too, and gives the size in bytes of each group's file.
func (w *PackedWriter) CloseAndTell() ([]int64, error) {
	sizes := make([]int64, w.numGroups)
	status := C.CloseAndTell(w.handle, (*C.int64_t)(unsafe.SliceData(sizes)), C.size_t(len(sizes)))
	if err := takeStatus(status); err != nil {
		return nil, err
	}
	return sizes, nil
}

// Abort gives the writer up: what it wrote is gone, and no file becomes visible. The writer is closed in any case.
// Errors: Invalid if it is closed already, so that a function may defer it whose success is Close
func (w *PackedWriter) Abort() error { return takeStatus(C.varve_packed_writer_abort(w.handle)) }
