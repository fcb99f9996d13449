// SPDX-License-Identifier: Apache-2.0

package varve

import (
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/array"

	"varve.dev/go/errorcode"
)

// reader is a stream of C whose batches stop with the context of its scan.
type reader struct {
	array.RecordReader
	stop       *stop
	references atomic.Int64
	cleanup    runtime.Cleanup
}

func newReader(rows array.RecordReader, asked *stop) *reader {
	r := &reader{RecordReader: rows, stop: asked}
	r.references.Store(1)
	// Of one that nobody releases the context would keep it to its own end.
	r.cleanup = runtime.AddCleanup(r, (*stop).free, asked)
	return r
}

func (r *reader) Retain() {
	r.references.Add(1)
	r.RecordReader.Retain()
}

func (r *reader) Release() {
	r.RecordReader.Release()
	if r.references.Add(-1) == 0 {
		r.cleanup.Stop()
		r.stop.free()
	}
}

func (r *reader) Next() bool {
	r.stop.ask()
	return r.RecordReader.Next()
}

// Err gives text, as streams of Arrow do, but for a stop, which is an *Error.
func (r *reader) Err() error {
	err := r.RecordReader.Err()
	if err == nil || r.stop.ctx.Err() == nil || !strings.Contains(err.Error(), "the call was asked to stop") {
		return err
	}
	return &Error{Code: errorcode.Cancelled, Message: err.Error(), cause: r.stop.ctx.Err()}
}
