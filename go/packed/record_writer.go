// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"varve.dev/go/errorcode"
)

// ColumnGroup says which columns share a file.
type ColumnGroup struct {
	GroupID int64 // in paths: insert_log/{collection}/{partition}/{segment}/{group}/{log}
	Columns []int // indices into the schema
}

// PackedRecordWriter writes one packed set and tells of each column group what was written.
type PackedRecordWriter struct {
	writer *PackedWriter
	groups []ColumnGroup
	paths  map[int64]string

	numRows     int64
	memoryBytes map[int64]int64
	fileBytes   map[int64]int64
}

// NewPackedRecordWriter opens a writer as NewPackedWriter does.
func NewPackedRecordWriter(filePaths []string, schema *arrow.Schema, bufferSize, multiPartUploadSize int64,
	columnGroups []ColumnGroup, storageConfig *StorageConfig) (*PackedRecordWriter, error) {
	paths := map[int64]string{}
	for i, group := range columnGroups {
		if _, twice := paths[group.GroupID]; twice {
			return nil, &Error{errorcode.Invalid, fmt.Sprintf("two column groups have the id %d", group.GroupID)}
		}
		if i < len(filePaths) {
			paths[group.GroupID] = filePaths[i]
		}
	}
	writer, err := NewPackedWriter(filePaths, schema, bufferSize, multiPartUploadSize, columnGroups, storageConfig)
	if err != nil {
		return nil, err
	}
	return &PackedRecordWriter{writer: writer, groups: columnGroups, paths: paths, memoryBytes: map[int64]int64{}}, nil
}

// Write appends rows.
func (w *PackedRecordWriter) Write(batch arrow.RecordBatch) error {
	if err := w.writer.WriteRecordBatch(batch); err != nil {
		return err
	}
	w.numRows += batch.NumRows()
	for _, group := range w.groups {
		for _, column := range group.Columns {
			w.memoryBytes[group.GroupID] += visibleBytes(batch.Column(column))
		}
	}
	return nil
}

// Close makes the files visible. The writer is closed in any case.
func (w *PackedRecordWriter) Close() error {
	sizes, err := w.writer.CloseAndTell()
	if err != nil {
		return err
	}
	w.fileBytes = map[int64]int64{}
	for i, group := range w.groups {
		w.fileBytes[group.GroupID] = sizes[i]
	}
	return nil
}

// Abort gives the writer up, as that of PackedWriter does.
func (w *PackedRecordWriter) Abort() error { return w.writer.Abort() }

// WrittenRows is how many rows were written.
func (w *PackedRecordWriter) WrittenRows() int64 { return w.numRows }

// WrittenMemoryBytes is how much memory the rows of a group took, as Milvus counts it: of a slice, what it shows.
func (w *PackedRecordWriter) WrittenMemoryBytes(groupID int64) int64 { return w.memoryBytes[groupID] }

// WrittenFileBytes is the size of a group's file, once the writer is closed.
func (w *PackedRecordWriter) WrittenFileBytes(groupID int64) int64 { return w.fileBytes[groupID] }

// WrittenPath is a group's file.
func (w *PackedRecordWriter) WrittenPath(groupID int64) string { return w.paths[groupID] }
