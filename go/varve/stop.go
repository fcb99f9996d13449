// SPDX-License-Identifier: Apache-2.0

package varve

// #include "varve/c/varve.h"
import "C"

import "context"

// stop asks calls of C to stop once its context is done. The zero value, that of a context that is never done, asks
// nobody.
type stop struct {
	ctx        context.Context
	handle     *C.varve_stop
	unregister func() bool
	requested  chan struct{} // closed when the context was heard
}

func newStop(ctx context.Context) *stop {
	s := &stop{ctx: ctx}
	if ctx.Done() == nil {
		return s
	}
	s.handle, s.requested = C.varve_stop_new(), make(chan struct{})
	s.ask()
	s.unregister = context.AfterFunc(ctx, func() {
		C.varve_stop_request(s.handle)
		close(s.requested)
	})
	return s
}

// ask makes sure that a call that begins now is stopped if the context is done by now.
func (s *stop) ask() {
	if s.ctx.Err() != nil {
		C.varve_stop_request(s.handle)
	}
}

// free is the end of it. Streams of C that were given it go on, and nothing stops them.
func (s *stop) free() {
	if s.handle == nil {
		return
	}
	if !s.unregister() {
		<-s.requested
	}
	C.varve_stop_free(s.handle)
	s.handle = nil
}
