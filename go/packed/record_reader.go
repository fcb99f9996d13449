// SPDX-License-Identifier: Apache-2.0

package packed

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
)

// RecordReader gives the rows of several packed sets.
type RecordReader interface {
	// Next gives the next rows, and io.EOF at their end. They are the reader's, until the next Next or Close.
	Next() (arrow.RecordBatch, error)
	Close() error
}

// packedRecordReader reads one set after the other; one at a time is open.
type packedRecordReader struct {
	sets          [][]string // those to come
	schema        *arrow.Schema
	bufferSize    int64
	storageConfig *StorageConfig
	reader        *PackedReader // nil: none is open
}

// NewPackedRecordReader reads packed sets, each given by its files, one after the other: those of a segment, a set a
// flush. The rest is as for NewPackedReader. A set is opened when its turn comes.
func NewPackedRecordReader(sets [][]string, schema *arrow.Schema, bufferSize int64, storageConfig *StorageConfig) (RecordReader, error) {
	return &packedRecordReader{sets: sets, schema: schema, bufferSize: bufferSize, storageConfig: storageConfig}, nil
}

func (r *packedRecordReader) Next() (arrow.RecordBatch, error) {
	for {
		if r.reader == nil {
			if len(r.sets) == 0 {
				return nil, io.EOF
			}
			reader, err := NewPackedReader(r.sets[0], r.schema, r.bufferSize, r.storageConfig)
			if err != nil {
				return nil, err
			}
			r.reader, r.sets = reader, r.sets[1:]
		}
		batch, err := r.reader.ReadNext()
		if err != io.EOF {
			return batch, err
		}
		if err := r.closeSet(); err != nil {
			return nil, err
		}
	}
}

func (r *packedRecordReader) Close() error {
	r.sets = nil
	return r.closeSet()
}

func (r *packedRecordReader) closeSet() error {
	if r.reader == nil {
		return nil
	}
	reader := r.reader
	r.reader = nil
	return reader.Close()
}
